"""Put the functions that translated statements call into a DuckDB database."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files

import duckdb

from tracekit.localdb.translate.late_macros import late_macros_sql
from tracekit.localdb.translate.number_models import format_number, read_number


@cache
def _macros() -> str:
    return files(__package__).joinpath("macros.sql").read_text(encoding="utf-8")


def install(connection: duckdb.DuckDBPyConnection, *, sysdate: datetime | None = None) -> None:
    """Create the functions in the connection's current schema, replacing those already there.

    Once a database is enough: all its connections see them when that schema is in their search
    path. Takes about 0.1 s.

    Args:
        connection: to a database that can be written.
        sysdate: what SYSDATE, SYSTIMESTAMP and their kin answer; None means the clock's time, UTC.
    """
    _install_clock(connection, sysdate)
    connection.execute(late_macros_sql())
    connection.execute(_macros())
    for name, function in (("ora_format_number", format_number), ("ora_read_number", read_number)):
        known = connection.execute(
            "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [name]
        ).fetchall()
        if known == [(0,)]:
            connection.create_function(name, function)


def _install_clock(connection: duckdb.DuckDBPyConnection, sysdate: datetime | None) -> None:
    if sysdate is None:
        moment = "CAST(current_timestamp AT TIME ZONE 'UTC' AS TIMESTAMP)"
    else:
        moment = f"TIMESTAMP '{sysdate.replace(tzinfo=None).isoformat(sep=' ')}'"
    connection.execute(
        f"""
        CREATE OR REPLACE MACRO ora_localtimestamp() AS {moment};
        CREATE OR REPLACE MACRO ora_sysdate() AS
            CAST(date_trunc('second', {moment}) AS TIMESTAMP_S);
        CREATE OR REPLACE MACRO ora_systimestamp() AS {moment} AT TIME ZONE 'UTC';
        """
    )
