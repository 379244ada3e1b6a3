"""tracekit: replay, measure, prove and fix the memory of code that reads Oracle.

The names below are the public ones. Each is imported on first use, so that a process that only
fetches never loads DuckDB, matplotlib or pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracekit._version import __version__

if TYPE_CHECKING:
    from tracekit import errors as errors
    from tracekit.equality import observe as observe
    from tracekit.experiment.estimate import estimate as estimate
    from tracekit.experiment.measure import measure as measure
    from tracekit.experiment.prove import prove as prove
    from tracekit.experiment.replay import replay as replay
    from tracekit.keyed import KeyedFetcher as KeyedFetcher
    from tracekit.keyed import LegacyFetcher as LegacyFetcher
    from tracekit.keyed import Query as Query
    from tracekit.keyed.keyed_file import open_parquet as open_parquet
    from tracekit.keyed.keyed_table import KeyedTable as KeyedTable
    from tracekit.keyed.lean import lean_records as lean_records
    from tracekit.magics import load_ipython_extension as load_ipython_extension
    from tracekit.magics import unload_ipython_extension as unload_ipython_extension
    from tracekit.ndjson import read_stream as read_stream
    from tracekit.oracle import Database as Database
    from tracekit.oracle import read_sql_df as read_sql_df
    from tracekit.oracle import read_sql_df_slow_iter as read_sql_df_slow_iter
    from tracekit.profiling.retention import retention as retention
    from tracekit.testbed import LocalOracle as LocalOracle
    from tracekit.trace import EventFetcher as EventFetcher
    from tracekit.trace import LegacyEventFetcher as LegacyEventFetcher

_HOMES = {
    "Database": "tracekit.oracle:Database",
    "EventFetcher": "tracekit.trace:EventFetcher",
    "KeyedFetcher": "tracekit.keyed:KeyedFetcher",
    "KeyedTable": "tracekit.keyed.keyed_table:KeyedTable",
    "LegacyEventFetcher": "tracekit.trace:LegacyEventFetcher",
    "LegacyFetcher": "tracekit.keyed:LegacyFetcher",
    "LocalOracle": "tracekit.testbed:LocalOracle",
    "Query": "tracekit.keyed:Query",
    "errors": "tracekit.errors",
    "estimate": "tracekit.experiment.estimate:estimate",
    "lean_records": "tracekit.keyed.lean:lean_records",
    "load_ipython_extension": "tracekit.magics:load_ipython_extension",
    "measure": "tracekit.experiment.measure:measure",
    "observe": "tracekit.equality:observe",
    "open_parquet": "tracekit.keyed.keyed_file:open_parquet",
    "prove": "tracekit.experiment.prove:prove",
    "read_sql_df": "tracekit.oracle:read_sql_df",
    "read_sql_df_slow_iter": "tracekit.oracle:read_sql_df_slow_iter",
    "read_stream": "tracekit.ndjson:read_stream",
    "replay": "tracekit.experiment.replay:replay",
    "retention": "tracekit.profiling.retention:retention",
    "unload_ipython_extension": "tracekit.magics:unload_ipython_extension",
}
"""Public name to the room, or `room:name`, that defines it."""

__all__ = ["__version__", *_HOMES]


if not TYPE_CHECKING:  # a type checker reads the names above, and knows that there are no others

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'tracekit' has no attribute {name!r}")
        room, _, inner = _HOMES[name].partition(":")
        module = import_module(room)
        value = getattr(module, inner) if inner else module
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
