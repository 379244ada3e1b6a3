"""The Oracle types of a workload's columns, where DuckDB's types are less specific.

The local Oracle reads them from a table in the file. It describes columns accordingly, compares
CHARs with blank padding and refuses text that is too long.
"""

from __future__ import annotations

import re

import duckdb

from tracekit.errors import WorkloadError

TABLE = "TRACEKIT_DECLARED_COLUMNS"
"""A table in schema main. The local Oracle stores declarations of its own DDL in the same form."""

_TYPE = re.compile(r"(?P<name>CHAR|NCHAR|VARCHAR2|NVARCHAR2)\((?P<length>[1-9]\d*)\)")


def declare_type(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, oracle_type: str
) -> None:
    """Declare the Oracle type of a text column of a workload, after its rows were written.

    A CHAR's values are padded with blanks to its length, as the local Oracle expects them; values
    of full length, such as ids, are not changed.

    Args:
        connection: A connection to the workload's file.
        table: `SCHEMA.TABLE`, in capitals.
        column: The column, in capitals.
        oracle_type: `CHAR(16)`, `VARCHAR2(255)` or their national forms; lengths are characters.

    Raises:
        WorkloadError: the type is another one, or a value is too long.
        duckdb.Error: the column does not exist.
    """
    match = _TYPE.fullmatch(oracle_type)
    if match is None:
        raise WorkloadError(f"type {oracle_type!r}: expected CHAR(n), VARCHAR2(n), NCHAR(n) ...")
    schema, name = table.split(".")
    length = int(match["length"])
    path, quoted = f'"{schema}"."{name}"', f'"{column}"'
    [(longest,)] = connection.execute(
        f"SELECT max(length({quoted})) FROM {path}"  # noqa: S608 (names of the generator's own)
    ).fetchall()
    if longest is not None and longest > length:
        raise WorkloadError(
            f"{table}.{column} has a value of {longest} characters, too long for {oracle_type}"
        )
    if match["name"] in ("CHAR", "NCHAR"):
        connection.execute(
            f"UPDATE {path} SET {quoted} = rpad({quoted}, {length}, ' ')"  # noqa: S608 (as above)
            f" WHERE length({quoted}) < {length}"
        )
    write_declaration(connection, table, column, match["name"], length=length)


def write_declaration(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    name: str,
    *,
    precision: int | None = None,
    scale: int | None = None,
    length: int | None = None,
) -> None:
    """Record the declared type of a column whose values already fit; those of a CHAR are padded.

    Args:
        connection: A connection to the workload's file.
        table: `SCHEMA.TABLE`.
        column: The column, as the table spells it.
        name: The type's name, such as `CLOB`, `TIMESTAMP`, `RAW`.
        precision: Precision of a FLOAT or an INTERVAL.
        scale: Scale of a TIMESTAMP.
        length: Length of a text in characters, or of a RAW in bytes.

    Raises:
        duckdb.Error: DuckDB failed.
    """
    schema, _, table_name = table.partition(".")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS main.{TABLE} (schema_name VARCHAR, table_name VARCHAR,"
        " column_name VARCHAR, type_name VARCHAR, type_precision INTEGER, type_scale INTEGER,"
        " type_length INTEGER)"
    )
    connection.execute(
        f"INSERT INTO main.{TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
        [schema, table_name, column, name, precision, scale, length],
    )
