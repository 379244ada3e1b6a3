"""Execute DDL in DuckDB, and record what DuckDB's catalogue does not keep."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from tracekit.localdb.duck.constraints import Table, rebuild
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.foreign_keys import (
    check_added,
    refuse_change_of_parent,
    with_parent_keys,
)
from tracekit.localdb.duck.notes import IDENTITY, REFERENCE
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.translate import Definition


def define(
    writer: WritingConnection,
    database: Database,
    sql: str,
    definition: Definition,
    key: tuple[str, str],
) -> None:
    """Run a DDL statement; no transaction may be open.

    Args:
        writer: The session's writing connection.
        database: The database to change.
        sql: The statement; empty if the definition requires the table to be rebuilt.
        definition: The change that it defines.
        key: The object's schema and name.

    Raises:
        duckdb.Error: it failed; nothing was changed.
        OraError: it failed for a reason that has an Oracle error; nothing was changed.
    """
    schema, name = key
    notes = database.notes.of_table(schema, name)
    refuse_change_of_parent(database.notes, definition, key)
    definition = with_parent_keys(writer.connection, database.catalog, definition, schema)
    if not sql:
        _change_constraints(writer, database, definition, key)
    elif definition.action == "COMMENT":
        _comment(writer, sql)
    else:
        if (definition.action, definition.object_type) == ("DROP", "TABLE"):
            sql = "; ".join(
                [sql, *(f"DROP SEQUENCE {note.name}" for note in notes if note.kind == IDENTITY)]
            )
        writer.run_alone(sql)
    database.declared.follow(definition, schema)
    database.notes.follow(definition, schema)
    database.columns.forget()
    if definition.object_type == "SCHEMA" and database.overlay is not None:
        database.overlay.drop_schema(definition.name)


def _change_constraints(
    writer: WritingConnection, database: Database, definition: Definition, key: tuple[str, str]
) -> None:
    """Add or drop constraints; foreign keys do not exist in DuckDB."""
    notes = database.notes.of_table(*key)
    check_added(writer.connection, database.catalog, definition, key)
    references = {note.name for note in notes if note.kind == REFERENCE}
    dropped = tuple(one for one in definition.dropped_constraints if one not in references)
    if dropped or definition.added_clauses:
        rest = replace(definition, dropped_constraints=dropped)
        rebuild(writer.connection, Table(database.catalog, *key), notes, rest)


def _comment(writer: WritingConnection, sql: str) -> None:
    """Oracle's COMMENT ON TABLE also applies to views."""
    try:
        writer.run_alone(sql)
    except duckdb.CatalogException:
        if not sql.startswith("COMMENT ON TABLE"):
            raise
        writer.run_alone(sql.replace("COMMENT ON TABLE", "COMMENT ON VIEW", 1))
