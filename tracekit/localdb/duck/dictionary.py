"""Oracle's data dictionary: views in the schema SYS over DuckDB's catalogue and the declared types.

`dictionary.sql` has the ALL_ and V$ views; this module derives the USER_ and DBA_ views from them.
Their columns are those of the Oracle Database Reference that clients read, without those that have
no meaning in DuckDB (storage, statistics).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import duckdb

from tracekit.localdb.duck import declared, notes
from tracekit.localdb.duck.catalogs import PRIVATE_PREFIX
from tracekit.localdb.stored_names import STORED_LETTERS
from tracekit.localdb.translate.session_settings import nls_defaults_sql

SCHEMA = "SYS"
"""In the in-memory catalogue, last in every connection's search path."""

_RELEASE = "19.21.0.0.0"
"""The release that clients also get at log-on."""

_FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "TABLES": ("OWNER", ("OWNER",)),
    "VIEWS": ("OWNER", ("OWNER",)),
    "OBJECTS": ("OWNER", ("OWNER",)),
    "TAB_COLS": ("OWNER", ("OWNER",)),
    "TAB_COLUMNS": ("OWNER", ("OWNER",)),
    "TAB_COMMENTS": ("OWNER", ("OWNER",)),
    "COL_COMMENTS": ("OWNER", ("OWNER",)),
    "TAB_IDENTITY_COLS": ("OWNER", ("OWNER",)),
    "CONSTRAINTS": ("OWNER", ()),
    "CONS_COLUMNS": ("OWNER", ()),
    "INDEXES": ("OWNER", ("OWNER",)),
    "IND_COLUMNS": ("INDEX_OWNER", ("INDEX_OWNER", "TABLE_OWNER")),
    "IND_EXPRESSIONS": ("INDEX_OWNER", ("INDEX_OWNER", "TABLE_OWNER")),
    "SEQUENCES": ("SEQUENCE_OWNER", ("SEQUENCE_OWNER",)),
    "SYNONYMS": ("OWNER", ("OWNER",)),
    "MVIEWS": ("OWNER", ()),
    "MVIEW_COMMENTS": ("OWNER", ("OWNER",)),
    "DB_LINKS": ("OWNER", ("OWNER",)),
    "TRIGGERS": ("OWNER", ("OWNER",)),
    "SOURCE": ("OWNER", ("OWNER",)),
    "ERRORS": ("OWNER", ("OWNER",)),
    "PROCEDURES": ("OWNER", ("OWNER",)),
    "ARGUMENTS": ("OWNER", ("OWNER",)),
    "TYPES": ("OWNER", ("OWNER",)),
    "DEPENDENCIES": ("OWNER", ("OWNER",)),
    "PART_TABLES": ("OWNER", ("OWNER",)),
    "TAB_PARTITIONS": ("TABLE_OWNER", ("TABLE_OWNER",)),
}
"""The ALL_ views with their owner column, and the columns that their USER_ views lack."""


def install_dictionary(
    root: duckdb.DuckDBPyConnection, *, memory_catalog: str, catalog: str, owner: str
) -> None:
    """Create the dictionary's views; each connection sees its own catalogue through them.

    Args:
        root: A connection to the in-memory catalogue.
        memory_catalog: The name of that catalogue, which gets the views.
        catalog: The catalogue of the tables.
        owner: The owner of the tables in DuckDB's default schema.
    """
    own = f"{memory_catalog}.{SCHEMA}"
    replaced = {
        "'$catalog'": "current_database()",
        "$declared_table": declared.TABLE,
        "$declared": f"{own}.{declared.TABLE}",
        "$notes_table": notes.TABLE,
        "$notes": f"{own}.{notes.TABLE}",
        "$private": PRIVATE_PREFIX,
        "$held": STORED_LETTERS,
        "$owner": owner.replace("'", "''"),
        "$version": _RELEASE,
        "$memory": memory_catalog,
        "$nls_defaults": nls_defaults_sql(),
        "$sys": own,
    }
    root.execute(f"CREATE SCHEMA IF NOT EXISTS {own}")
    join_catalogs(root, memory_catalog, [catalog])
    text = _views()
    for word, value in replaced.items():
        text = text.replace(word, value)
    root.execute(text)
    for family, (owner, dropped) in _FAMILIES.items():
        columns = f"* EXCLUDE ({', '.join(dropped)})" if dropped else "*"
        root.execute(f"CREATE VIEW {own}.DBA_{family} AS FROM {own}.ALL_{family}")
        root.execute(
            f"CREATE VIEW {own}.USER_{family} AS SELECT {columns} FROM {own}.ALL_{family}"  # noqa: S608
            f" WHERE {owner} = {own}.TRACEKIT_CURRENT_SCHEMA()"
        )


def join_catalogs(
    root: duckdb.DuckDBPyConnection, memory_catalog: str, catalogs: Sequence[str]
) -> None:
    """Join all catalogues' tables of declared types into one view, and their notes into another."""
    for table in (declared.TABLE, notes.TABLE):
        parts = " UNION ALL ".join(
            f"SELECT '{one}' AS catalog_name, rowid AS position, * FROM {one}.main.{table}"  # noqa: S608
            for one in catalogs
        )
        root.execute(f"CREATE OR REPLACE VIEW {memory_catalog}.{SCHEMA}.{table} AS {parts}")


@cache
def _views() -> str:
    return files(__package__).joinpath("dictionary.sql").read_text(encoding="utf-8")
