"""Who takes part in a bench: the paths, bare drains as floors, and peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from tracekit.errors import ConfigError

REFERENCE = "iterator"
"""The path every other one must be exactly equal to."""


@dataclass(frozen=True)
class Contestant:
    """One way to read the same batches of ids."""

    name: str
    description: str
    keeps: str
    """What is in memory when it is done: `nothing`, `events`, `table` or `file` (on disk)."""
    factory: str
    """Dotted name of its subject."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    """Packages beyond tracekit's own that it needs."""

    @property
    def is_path(self) -> bool:
        """Whether it gives events, whose digests can be compared."""
        return "path" in self.arguments

    @property
    def weighed(self) -> bool:
        """Whether the deep size of what it returns is told, for the bar that asks for it."""
        return self.name == "lean"

    def missing(self) -> str | None:
        """Why it cannot run here; None where it can."""
        absent = [module for module in self.modules if find_spec(module) is None]
        if not absent:
            return None
        return f"{', '.join(absent)} is not installed: pip install 'tracekit[peers]'"


def _path(name: str, description: str, keeps: str) -> Contestant:
    return Contestant(
        name, description, keeps, "tracekit.bench.measured_path:MeasuredPath", {"path": name}
    )


_DRAINS = "tracekit.bench.drains"
_PEERS = "tracekit.bench.peers"
_KNOWN = (
    Contestant(
        "cursor-drain",
        "fetchmany of every query, keeping nothing: the floor",
        "nothing",
        f"{_DRAINS}:CursorDrain",
    ),
    _path("legacy", "fetchall into DataFrames, walked row by row", "events"),
    _path("iterator", "fetchmany into plain dicts", "events"),
    _path("lean", "the same mapping as lean records", "events"),
    _path("stream", "fetch_events_iter, each piece let go of", "nothing"),
    _path("table", "fetch_event_table: Arrow columns", "table"),
    _path("parquet", "to_parquet", "file"),
    Contestant(
        "df-batches-drain",
        "oracledb's fetch_df_batches to pyarrow, keeping nothing",
        "nothing",
        f"{_DRAINS}:DataFrameBatchesDrain",
    ),
    Contestant(
        "pandas-chunks",
        "pandas.read_sql(chunksize) through SQLAlchemy's oracle+oracledb, keeping nothing",
        "nothing",
        f"{_PEERS}:PandasChunks",
        modules=("sqlalchemy",),
    ),
    Contestant(
        "polars-batches",
        "polars.read_database(iter_batches=True) on an oracledb connection, keeping nothing",
        "nothing",
        f"{_PEERS}:PolarsBatches",
        modules=("polars",),
    ),
    Contestant(
        "adbc",
        "adbc-driver-oracle's record batches, keeping nothing",
        "nothing",
        f"{_PEERS}:AdbcBatches",
        modules=("adbc_driver_oracle",),
    ),
)
IDS_HELD = Contestant(
    "ids-held",
    "the ids alone, in batches as every path holds them: no query",
    "ids",
    f"{_DRAINS}:IdsHeld",
)
"""No contestant, but what the ids add to every path's peak."""
CONTESTANTS = {found.name: found for found in _KNOWN}
"""By name, in the order they are run and shown."""


def known_contestants(names: Sequence[str] | None) -> tuple[Contestant, ...]:
    """The contestants called `names`, in the order they are shown; all by default.

    Raises:
        ConfigError: a name is unknown, or there is none.
    """
    if names is None:
        return tuple(CONTESTANTS.values())
    for name in names:
        if name not in CONTESTANTS:
            raise ConfigError(f"{name!r} is no contestant; there are {', '.join(CONTESTANTS)}.")
    if not names:
        raise ConfigError("contestants='': name at least one")
    return tuple(found for name, found in CONTESTANTS.items() if name in names)
