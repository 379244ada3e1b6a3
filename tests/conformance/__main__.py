"""What of Oracle works on the local Oracle, by suites nobody here wrote: one table by kind.

`python -m tests.conformance` runs SQLAlchemy's dialect suite and our own tests of what the driver
expects. It fails when a kind passes fewer tests than the committed baseline, or when a test fails
without a reason in known_failures.toml. `--update` commits to counts that have risen.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.baseline import (
    Count,
    count,
    fallen,
    known_reason,
    read_baseline,
    write_baseline,
)
from tests.conformance.driver_suite import run_driver_tests
from tests.conformance.outcome import Outcome
from tests.conformance.sqlalchemy_suite import KINDS, run_suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, compare; 0 if nothing fell and every failure has its reason."""
    parser = argparse.ArgumentParser("python -m tests.conformance", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"some of: driver, {', '.join(KINDS)}")
    parser.add_argument("-k", dest="selection", default="", help="as pytest's; compares nothing")
    parser.add_argument("--jobs", type=int, default=2, help="suites run side by side")
    parser.add_argument("--update", action="store_true", help="commit to counts that have risen")
    given = parser.parse_args(arguments)
    kinds = given.kinds or ["driver", *KINDS]
    outcomes = _run([kind for kind in kinds if kind != "driver"], given.selection, given.jobs)
    if "driver" in kinds:
        outcomes += run_driver_tests(given.selection)
    counts = count(outcomes)
    print(_table(counts))  # noqa: T201 (its purpose)
    failures, unexplained = _failures(outcomes)
    print("\n".join(failures))  # noqa: T201 (its purpose)
    if given.selection:
        return int(any(one.verdict == "failed" for one in outcomes))
    lost = fallen(counts, read_baseline())
    for line in lost:
        print(f"FALLEN {line}", file=sys.stderr)  # noqa: T201 (its purpose)
    if given.update and not lost:
        write_baseline(counts)
    return int(bool(lost or unexplained))


def _run(kinds: Sequence[str], selection: str, jobs: int) -> list[Outcome]:
    with ThreadPoolExecutor(jobs) as pool:
        # The longest first.
        ordered = sorted(kinds, key=lambda kind: kind != "reflection")
        parts = pool.map(lambda kind: run_suite([kind], selection), ordered)
        return [outcome for part in parts for outcome in part]


def _table(counts: dict[str, Count]) -> str:
    lines = ["| kind | passed | of | % |", "|---|---:|---:|---:|"]
    total = Count(
        sum(one.passed for one in counts.values()), sum(one.applicable for one in counts.values())
    )
    for kind, one in [*counts.items(), ("all", total)]:
        share = 100 * one.passed / max(1, one.applicable)
        lines.append(f"| {kind} | {one.passed} | {one.applicable} | {share:.1f} |")
    return "\n".join(lines)


def _failures(outcomes: Sequence[Outcome]) -> tuple[list[str], int]:
    """A line for every failed test, and how many have no known reason."""
    lines = []
    unexplained = 0
    for outcome in sorted(outcomes, key=lambda one: (one.kind, one.test)):
        if outcome.verdict == "failed":
            why = known_reason(outcome.test)
            unexplained += not why
            lines.append(
                f"FAILED {outcome.kind} {outcome.test}: {why or 'NO REASON: ' + outcome.reason}"
            )
    return lines, unexplained


if __name__ == "__main__":
    sys.exit(main())
