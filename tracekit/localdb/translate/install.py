"""Install the functions that translated statements call in a DuckDB database."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib.resources import files

import duckdb

from tracekit.localdb.translate.late_macros import late_macros_sql
from tracekit.localdb.translate.number_install import install_numbers
from tracekit.localdb.translate.python_functions import install_python_functions
from tracekit.localdb.translate.session_settings import nls_defaults_sql

_FILES = ("moments.sql", "macros.sql")
_OVERLOADED = re.compile(r"MACRO (\w+)\s+\((.*?)\) AS", re.DOTALL)


@cache
def _macros() -> str:
    """All macros, in an order that DuckDB accepts.

    DuckDB binds a macro when it is created. An argument of unknown type would then match every
    overload of the functions it calls. So overloaded functions first get a definition without
    overloads; the real ones come last.
    """
    folder = files(__package__)
    text = ";\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES)
    text = text.replace("$nls_defaults", nls_defaults_sql())
    stubs: list[str] = []
    plain: list[str] = []
    overloaded: list[str] = []
    for statement in text.split(";\n"):
        match = _OVERLOADED.search(statement)
        if match is None:
            plain.append(statement)
        else:
            overloaded.append(statement)
            names = [parameter.split()[0] for parameter in _parameters(match[2])]
            stubs.append(f"CREATE OR REPLACE MACRO {match[1]}({', '.join(names)}) AS {names[0]}")
    return ";\n".join([*stubs, *plain, *overloaded])


def _parameters(text: str) -> list[str]:
    """The parameters of a macro, whose types can have commas in parentheses."""
    return re.split(r",\s*(?![^()]*\))", text)


def install(connection: duckdb.DuckDBPyConnection, *, sysdate: datetime | None = None) -> None:
    """Create the functions in the connection's current schema, replacing existing ones.

    Needed once per database: all connections with that schema in their search path can call
    the functions. Takes about 0.1 s.

    Args:
        connection: A connection to a writable database.
        sysdate: The value of SYSDATE, SYSTIMESTAMP and other clocks; None for the current UTC time.
    """
    _install_clock(connection, sysdate)
    install_python_functions(connection)
    install_numbers(connection)
    connection.execute(late_macros_sql())
    connection.execute(_macros())


def _install_clock(connection: duckdb.DuckDBPyConnection, sysdate: datetime | None) -> None:
    if sysdate is None:
        # DuckDB would take the word CURRENT_TIMESTAMP for the output column of that name.
        moment = "CAST(get_current_timestamp() AT TIME ZONE 'UTC' AS TIMESTAMP)"
    else:
        moment = f"TIMESTAMP '{sysdate.replace(tzinfo=None).isoformat(sep=' ')}'"
    connection.execute(
        f"""
        CREATE OR REPLACE MACRO ora_utc() AS {moment};
        CREATE OR REPLACE MACRO ora_sysdate() AS
            CAST(date_trunc('second', ora_utc()) AS TIMESTAMP_S);
        """
    )
