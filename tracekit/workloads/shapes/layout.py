"""The layout of a DuckDB file generated from a shape.

Everything is in schema TRACEKIT_SHAPE:

- a table for each query, `table_name` of QUERIES: the query's columns, in order, then `_ORDINAL`;
  the rows of its result for all keys.
- KEYS_n for each key space: the key columns of the space's first query, then `_ORDINAL`; the
  requested keys.
- QUERIES: name, table_name, statement_sha256, statement, key_columns (list), key_space, keys_table,
  keys_per_statement, binds (JSON, a list of BindShape), executions, partial.
- STATEMENTS, without rows or failed: kind, statement, statement_sha256, row_count,
  row_counts (list), error_code, error_message, executions.

A statement's result for some keys is the rows of its table with those keys, by `_ORDINAL`.
`workloads.declared_types` stores the declared types of columns for which DuckDB's type says less
(CHAR(16), CLOB, TIMESTAMP(3)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tracekit.records.shape import QueryShape, Shape

if TYPE_CHECKING:
    import duckdb

SCHEMA = "TRACEKIT_SHAPE"
ORDINAL = "_ORDINAL"
QUERIES = "QUERIES"
STATEMENTS = "STATEMENTS"


def table_names(shape: Shape) -> dict[str, str]:
    """The table of each query, by query name: the name in capitals, made unique."""
    names: dict[str, str] = {}
    taken = {QUERIES, STATEMENTS, *keys_tables(shape).values()}
    for query in shape.queries:
        base = table = query.name.upper()
        number = 1
        while table in taken:
            number += 1
            table = f"{base}_{number}"
        taken.add(table)
        names[query.name] = table
    return names


def keys_tables(shape: Shape) -> dict[str, str]:
    """The table of each key space's keys, by the space's name."""
    spaces = dict.fromkeys(query.key_space for query in shape.queries if query.key_space)
    return {space: f"KEYS_{number}" for number, space in enumerate(spaces, 1)}


def quoted(*names: str) -> str:
    """`"A"."B"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def write_catalogue(connection: duckdb.DuckDBPyConnection, shape: Shape) -> None:
    """Write QUERIES and STATEMENTS.

    Raises:
        duckdb.Error: DuckDB failed.
    """
    connection.execute(
        f"CREATE TABLE {SCHEMA}.{QUERIES} (name VARCHAR, table_name VARCHAR,"
        " statement_sha256 VARCHAR, statement VARCHAR, key_columns VARCHAR[], key_space VARCHAR,"
        " keys_table VARCHAR, keys_per_statement DOUBLE, binds VARCHAR, executions BIGINT,"
        " partial BOOLEAN)"
    )
    tables, spaces = table_names(shape), keys_tables(shape)
    for query in shape.queries:
        connection.execute(
            f"INSERT INTO {SCHEMA}.{QUERIES} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            [
                query.name,
                tables[query.name],
                query.statement_sha256,
                query.statement,
                list(query.key),
                query.key_space,
                spaces.get(query.key_space or ""),
                query.keys_per_statement,
                msgspec.json.encode(query.binds).decode(),
                query.executions,
                query.partial,
            ],
        )
    connection.execute(
        f"CREATE TABLE {SCHEMA}.{STATEMENTS} (kind VARCHAR, statement VARCHAR,"
        " statement_sha256 VARCHAR, row_count BIGINT, row_counts BIGINT[], error_code INTEGER,"
        " error_message VARCHAR, executions BIGINT)"
    )
    for one in shape.statements:
        connection.execute(
            f"INSERT INTO {SCHEMA}.{STATEMENTS} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            [
                one.kind,
                one.statement,
                one.statement_sha256,
                one.row_count,
                list(one.row_counts),
                one.error_code,
                one.error_message,
                one.executions,
            ],
        )


def select_by_key(query: QueryShape, table: str) -> str:
    """The local Oracle's statement that reads the rows of some keys in order."""
    columns = ", ".join(quoted(column.name) for column in query.columns)
    text = f"SELECT {columns} FROM {quoted(SCHEMA, table)}"  # noqa: S608 (names of a shape, quoted)
    if len(query.key) == 1:
        text += f" WHERE {quoted(query.key[0])} IN (:keys)"
    elif query.key:
        text += f" WHERE ({', '.join(map(quoted, query.key))}) IN (:keys)"
    return f"{text} ORDER BY {quoted(ORDINAL)}"
