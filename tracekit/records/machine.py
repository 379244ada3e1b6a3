"""The results of `tracekit doctor`: whether a machine can measure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckStatus(StrEnum):
    """The outcome of one check."""

    OK = "ok"
    WARN = "warn"
    """Measuring works, but there is something to know about the figures."""
    FAIL = "fail"


@dataclass(frozen=True)
class MachineCheck:
    """One check."""

    name: str
    status: CheckStatus
    found: str
    remedy: str | None = None
    """What to do about it; None if it passed."""


@dataclass(frozen=True)
class MachineReport:
    """All checks."""

    checks: tuple[MachineCheck, ...]
    passed: bool
    """Whether no check failed; warnings pass."""
    schema_version: int = 1
