"""What came of one test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Outcome:
    """One test's verdict."""

    kind: str
    """What it is about: a row of the table."""
    test: str
    verdict: Verdict
    reason: str = ""
    """Of a failed or skipped one, in the suite's words."""
