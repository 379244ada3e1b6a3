"""The committed counts of passed tests, which may only rise, and the reasons of failures."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.outcome import Outcome

COUNTS = Path(__file__).parent / "baseline.json"
REASONS = Path(__file__).parent / "known_failures.toml"


@dataclass(frozen=True)
class Count:
    """How many tests of one kind passed, of those that apply."""

    passed: int
    applicable: int


def count(outcomes: Iterable[Outcome]) -> dict[str, Count]:
    """Counts by kind, in order of the kinds' names; skipped tests do not apply."""
    counts: dict[str, Count] = {}
    for outcome in sorted(outcomes, key=lambda one: one.kind):
        if outcome.verdict != "skipped":
            before = counts.get(outcome.kind, Count(0, 0))
            passed = before.passed + (outcome.verdict == "passed")
            counts[outcome.kind] = Count(passed, before.applicable + 1)
    return counts


def read_baseline() -> dict[str, Count]:
    """The committed counts."""
    return {kind: Count(*pair) for kind, pair in json.loads(COUNTS.read_text("utf-8")).items()}


def write_baseline(counts: dict[str, Count]) -> None:
    """Commit to new counts for the kinds that were run."""
    kept = read_baseline() if COUNTS.exists() else {}
    pairs = {kind: [one.passed, one.applicable] for kind, one in sorted({**kept, **counts}.items())}
    lines = ",\n".join(f"  {json.dumps(kind)}: {pair}" for kind, pair in pairs.items())
    COUNTS.write_text(f"{{\n{lines}\n}}\n", "utf-8")


def fallen(counts: dict[str, Count], baseline: dict[str, Count]) -> list[str]:
    """Which kinds pass fewer tests than they did."""
    return [
        f"{kind}: {one.passed} passed, the baseline has {baseline[kind].passed}"
        for kind, one in counts.items()
        if kind in baseline and one.passed < baseline[kind].passed
    ]


def known_reason(test: str) -> str:
    """Why a test is known to fail; empty if it is not."""
    reasons: dict[str, str] = tomllib.loads(REASONS.read_text("utf-8"))
    return next((why for pattern, why in reasons.items() if re.match(pattern, test)), "")
