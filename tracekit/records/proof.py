"""The level at which two outputs are equal, and their differences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Levels of equality, strictest first; each implies the next."""

    EXACT = "exact"
    JSON = "json"
    VALUE = "value"
    DIFFERENT = "different"

    @property
    def strictness(self) -> int:
        """0 for different up to 3 for exact."""
        return (Level.DIFFERENT, Level.VALUE, Level.JSON, Level.EXACT).index(self)

    def reaches(self, required: Level) -> bool:
        """Whether outputs that are equal at this level are also equal at `required`."""
        return self.strictness >= required.strictness


@dataclass(frozen=True)
class Drift:
    """A difference in representation, one row per column and pair of types."""

    column: str
    from_type: str
    to_type: str
    count: int
    lossy: bool
    example_from: str
    example_to: str
    equivalence: str | None = None
    """The named equivalence that makes both values equal, if one does."""
    source: str = "histogram"
    """Source of `count`: `histogram` (every cell) or `refetch` (a bounded sample)."""


class DifferenceKind(StrEnum):
    """The kind of a difference."""

    MISSING_KEY = "missing_key"
    EXTRA_KEY = "extra_key"
    MISSING_RECORD = "missing_record"
    EXTRA_RECORD = "extra_record"
    RECORD_ORDER = "record_order"
    COLUMNS = "columns"
    VALUE = "value"


@dataclass(frozen=True)
class Difference:
    """One difference between candidate and reference, in readable form."""

    kind: DifferenceKind
    key: str
    record_index: int | None = None
    """Position of the record within its key, from 0."""
    column: str | None = None
    reference: str | None = None
    """The reference's value as text."""
    reference_type: str | None = None
    candidate: str | None = None
    candidate_type: str | None = None
    remark: str | None = None
    key_type: str | None = None
    """Type of a key that is not text; `whole` if the result is not divided by keys."""


@dataclass(frozen=True)
class CandidateProof:
    """How one candidate compares with the reference; `level` is None if either side failed."""

    level: Level | None
    equal: bool | None
    """Whether `level` reaches the required level."""
    required_level: Level = Level.VALUE
    drift: tuple[Drift, ...] = ()
    different_keys: int | None = None
    """Keys whose digests differ at level value, including missing and extra ones."""
    missing_keys: int | None = None
    extra_keys: int | None = None
    examples: tuple[Difference, ...] = ()
    equivalences: tuple[str, ...] = ()
    """Names of the equivalences that were needed."""
    remarks: tuple[str, ...] = ()
    prove_seconds: float | None = None
    prove_net_peak_bytes: int | None = None
    """The prover's own OS peak above its baseline."""


@dataclass(frozen=True)
class Proof:
    """All candidates of one replay against the reference."""

    reference: str
    candidates: dict[str, CandidateProof]
