"""Queries with FOR UPDATE, whose LOBs the client may write."""

from __future__ import annotations

from dataclasses import replace

from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.gate import gate
from tracekit.localdb.duck.quoting import quoted_path
from tracekit.localdb.duck.session_connections import SessionConnections
from tracekit.localdb.duck.session_state import SessionState
from tracekit.localdb.duck.statement import DuckStatement
from tracekit.localdb.translate.column_types import ValueType
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.wire.rows_lob import LockedTable


def lock(
    statement: DuckStatement,
    database: Database,
    state: SessionState,
    connections: SessionConnections,
) -> tuple[DuckStatement, LockedTable | None]:
    """Begin the transaction of a query that locks rows.

    Args:
        statement: The query.
        database: The database, shared by all sessions.
        state: The session's settings.
        connections: The session's connections.

    Returns:
        The query with the row's number as its last column, and the table; the query as it is and
        None if it reads a view.
    """
    rows = statement.translated.locked
    assert rows is not None, "the query has FOR UPDATE"
    table = (rows.schema or state.schema, rows.table)
    path = quoted_path(*table)
    writer = connections.writing()
    with connections.running_on(writer.connection), gate(statement.ora_error):
        connections.copy_written_table(writer, f"UPDATE {path} ")
        writer.begin()
    if database.object_type(*table) != "TABLE":
        return statement, None
    outputs = (*statement.translated.outputs, ValueType(Kind.ROWID))
    translated = replace(statement.translated, duckdb_sql=rows.duckdb_sql, outputs=outputs)
    return replace(statement, translated=translated), LockedTable(path, rows.columns)
