"""What a bench measures: candidates, bare drains as lower bounds, and peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from tracekit.errors import ConfigError
from tracekit.experiment.candidate_spec import Candidates, CandidateSpec, candidate_specs

REFERENCE = "iterator"
"""The candidate that the outputs of all others must equal exactly."""


@dataclass(frozen=True)
class BenchCandidate:
    """One way to read the same batches of keys."""

    name: str
    description: str
    keeps: str
    """What it holds at its end: `nothing`, `records`, `table` or `file` (on disk)."""
    factory: str
    """Dotted name of the factory of its subject."""
    spec: CandidateSpec | None = None
    """The spec of a candidate of `replay`; None for a drain or a peer."""
    modules: tuple[str, ...] = ()
    """Optional packages that it needs."""

    @property
    def is_proved(self) -> bool:
        """Whether it returns records, so that digests can be compared."""
        return self.spec is not None

    @property
    def weighed(self) -> bool:
        """Whether the deep size of its result is measured, for the target that needs it."""
        return self.name == "lean"

    def missing(self) -> str | None:
        """Why it cannot run here; None if it can."""
        absent = [module for module in self.modules if find_spec(module) is None]
        if not absent:
            return None
        return f"{', '.join(absent)} is not installed: pip install 'tracekit[peers]'"


def _candidate(spec: CandidateSpec, description: str, keeps: str) -> BenchCandidate:
    factory = "tracekit.bench.weighed_candidate:WeighedCandidate"
    return BenchCandidate(spec.name, description, keeps, factory, spec)


def _builtin(name: str, description: str, keeps: str) -> BenchCandidate:
    return _candidate(CandidateSpec(name, name), description, keeps)


_DRAINS = "tracekit.bench.drains"
_PEERS = "tracekit.bench.peers"
_KNOWN = (
    BenchCandidate(
        "cursor-drain",
        "fetchmany of every query, keeping nothing: the lower bound",
        "nothing",
        f"{_DRAINS}:CursorDrain",
    ),
    _builtin("legacy", "fetchall into DataFrames, walked row by row", "records"),
    _builtin("iterator", "fetchmany into plain dicts", "records"),
    _builtin("lean", "the same mapping as lean records", "records"),
    _builtin("stream", "KeyedFetcher.stream, dropping each piece", "nothing"),
    _builtin("table", "KeyedFetcher.table: Arrow columns", "table"),
    _builtin("parquet", "KeyedFetcher.to_parquet", "file"),
    BenchCandidate(
        "df-batches-drain",
        "oracledb's fetch_df_batches to pyarrow, keeping nothing",
        "nothing",
        f"{_DRAINS}:DataFrameBatchesDrain",
    ),
    BenchCandidate(
        "pandas-chunks",
        "pandas.read_sql(chunksize) through SQLAlchemy's oracle+oracledb, keeping nothing",
        "nothing",
        f"{_PEERS}:PandasChunks",
        modules=("sqlalchemy",),
    ),
    BenchCandidate(
        "polars-batches",
        "polars.read_database(iter_batches=True) on an oracledb connection, keeping nothing",
        "nothing",
        f"{_PEERS}:PolarsBatches",
        modules=("polars",),
    ),
    BenchCandidate(
        "adbc",
        "adbc-driver-oracle's record batches, keeping nothing",
        "nothing",
        f"{_PEERS}:AdbcBatches",
        modules=("adbc_driver_oracle",),
    ),
)
KEYS_HELD = BenchCandidate(
    "keys-held",
    "the keys alone, in batches as every candidate holds them: no query",
    "keys",
    f"{_DRAINS}:KeysHeld",
)
"""Not a candidate: measures what the keys add to every candidate's peak."""
BENCH_CANDIDATES = {found.name: found for found in _KNOWN}
"""All of them by name, in the order in which they run and are shown."""


def bench_candidates(written: Candidates | None) -> tuple[BenchCandidate, ...]:
    """The candidates that `written` names, each a name from `BENCH_CANDIDATES` or `[NAME=]SPEC`.

    If it is None, all of `BENCH_CANDIDATES`.

    Raises:
        ConfigError: a spec is unknown, or two have one name.
    """
    if written is None:
        return tuple(BENCH_CANDIDATES.values())
    if isinstance(written, Mapping):
        return tuple(map(_of_spec, candidate_specs(written)))
    found: list[BenchCandidate] = []
    for one in written:
        known = BENCH_CANDIDATES.get(one) if isinstance(one, str) else None
        found += [known] if known else map(_of_spec, candidate_specs([one]))
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise ConfigError(f"candidates={', '.join(names)!r}: expected at least one, each only once")
    return tuple(found)


def _of_spec(spec: CandidateSpec) -> BenchCandidate:
    if spec.name in BENCH_CANDIDATES and spec.spec == spec.name:
        return BENCH_CANDIDATES[spec.name]
    return _candidate(spec, spec.spec, "records")
