"""Is a machine able to measure: what `tracekit doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckStatus(StrEnum):
    """How one check came out."""

    OK = "ok"
    WARN = "warn"
    """Measuring works; something about the figures has to be known."""
    FAIL = "fail"


@dataclass(frozen=True)
class MachineCheck:
    """One thing that was looked at."""

    name: str
    status: CheckStatus
    found: str
    remedy: str | None = None
    """What to do about it; None where all is well."""


@dataclass(frozen=True)
class MachineReport:
    """All that was looked at."""

    checks: tuple[MachineCheck, ...]
    passed: bool
    """Whether nothing failed; warnings pass."""
    schema_version: int = 1
