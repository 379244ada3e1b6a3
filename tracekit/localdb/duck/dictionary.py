"""Oracle's data dictionary: views of schema SYS over DuckDB's catalogue and the declared types.

`dictionary.sql` holds the ALL_ and V$ views; the USER_ and DBA_ families are made from them here.
Columns are those of the Oracle Database Reference that clients read; what has no meaning in DuckDB
(storage, statistics) is left out.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import duckdb

from tracekit.localdb.duck import declared

SCHEMA = "SYS"
"""In the in-memory catalogue, last in every connection's search path."""

_RELEASE = "19.21.0.0.0"
"""What the log-on tells clients too."""

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
}
"""ALL_ views with the column that says whose an object is, and those that USER_ has not."""


def install_dictionary(
    root: duckdb.DuckDBPyConnection, *, memory_catalog: str, catalog: str, file_catalog: str
) -> None:
    """Create the dictionary's views.

    Args:
        root: its own catalogue is in memory.
        memory_catalog: that catalogue, where the views go.
        catalog: where tables are, or are made.
        file_catalog: holds the tables that views of `catalog` stand for; may not be attached.
    """
    own = f"{memory_catalog}.{SCHEMA}"
    replaced = {
        "$catalog": catalog,
        "$file": file_catalog,
        "$declared": declared.TABLE,
        "$version": _RELEASE,
        "$memory": memory_catalog,
        "$sys": own,
    }
    text = _views()
    for word, value in replaced.items():
        text = text.replace(word, value)
    root.execute(f"CREATE SCHEMA IF NOT EXISTS {own}")
    root.execute(text)
    for family, (owner, dropped) in _FAMILIES.items():
        columns = f"* EXCLUDE ({', '.join(dropped)})" if dropped else "*"
        root.execute(f"CREATE VIEW {own}.DBA_{family} AS FROM {own}.ALL_{family}")
        root.execute(
            f"CREATE VIEW {own}.USER_{family} AS SELECT {columns} FROM {own}.ALL_{family}"  # noqa: S608
            f" WHERE {owner} = upper(current_schema())"
        )


@cache
def _views() -> str:
    return files(__package__).joinpath("dictionary.sql").read_text(encoding="utf-8")
