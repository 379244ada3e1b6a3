"""What Oracle types a workload's columns are, where DuckDB's types say less.

The local Oracle reads them from a table of the file: it describes columns so, compares CHARs with
blank padding and refuses text that is too long.
"""

from __future__ import annotations

import re

import duckdb

from tracekit.errors import WorkloadError

TABLE = "TRACEKIT_DECLARED_COLUMNS"
"""In schema main; the local Oracle keeps what its own DDL declares in a table of this form, too."""

_TYPE = re.compile(r"(?P<name>CHAR|NCHAR|VARCHAR2|NVARCHAR2)\((?P<length>[1-9]\d*)\)")


def declare_type(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, oracle_type: str
) -> None:
    """Declare a text column of a workload, whose rows are there already.

    A CHAR's values are padded with blanks to its length here, as the local Oracle expects them;
    values of full length, such as ids, stay untouched and cost nothing.

    Args:
        connection: to the workload's file.
        table: `SCHEMA.TABLE`, in capitals.
        column: in capitals.
        oracle_type: `CHAR(16)`, `VARCHAR2(255)` or their national kin; lengths are characters.

    Raises:
        WorkloadError: the type is none of these, or a value is longer.
        duckdb.Error: there is no such column.
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
        raise WorkloadError(f"{table}.{column} holds {longest} characters: not {oracle_type}")
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
    """Write down a column's declared type, whose values fit it as they are; a CHAR's are padded.

    Args:
        connection: to the workload's file.
        table: `SCHEMA.TABLE`.
        column: as the table has it.
        name: of the type: `CLOB`, `TIMESTAMP`, `RAW`.
        precision: of a FLOAT or an INTERVAL.
        scale: of a TIMESTAMP.
        length: of a text in characters, of a RAW in bytes.

    Raises:
        duckdb.Error: DuckDB could not do it.
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
