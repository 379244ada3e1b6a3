"""tracekit: replay, measure, prove and fix the memory of code that reads Oracle.

The names below are the public ones; each is imported when it is first used, so that a process
that only fetches never pays for DuckDB, matplotlib or pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracekit._version import __version__

if TYPE_CHECKING:
    from tracekit import errors as errors
    from tracekit.events import EventFetcher as EventFetcher
    from tracekit.events import LegacyEventFetcher as LegacyEventFetcher
    from tracekit.fetch import Database as Database
    from tracekit.replay.experiment import replay as replay
    from tracekit.testbed import LocalOracle as LocalOracle

_HOMES = {
    "Database": "tracekit.fetch",
    "EventFetcher": "tracekit.events",
    "LegacyEventFetcher": "tracekit.events",
    "LocalOracle": "tracekit.testbed",
    "errors": "tracekit.errors",
    "replay": "tracekit.replay",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tracekit' has no attribute {name!r}")
    module = import_module(home)
    value = module if home.rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
