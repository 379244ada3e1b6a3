"""`make mutants ARGS=ROOM`: change a room's code in small ways, and see whether its tests notice.

mutmut makes the changes and runs, for each, the tests that call the changed function. Each room is
mutated in a copy of the repository with the room's own tests, so that rooms can be run one by one.
The share that tests killed is printed, with every survivor that tests/mutants/kept.toml does not
explain; those make the exit code 1. tests/mutants/README.md says what was run so far.

A whole room takes minutes to hours; `--sample 300` says in a fraction of that what to expect.
After adding tests, `--again` tests only what survived the last run, and what it left when Ctrl-C
stopped it.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LAST = ROOT / "mutants"
"""What survived the last run of each room."""
PROOFS = [f"tests/unit/experiment/test_prove{part}.py" for part in ("", "_adversarial", "_results")]
ROOMS = {
    "ndjson": ["tests/unit/test_ndjson_streams.py"],
    "equality": ["tests/unit/equality", *PROOFS],
    "keyed": ["tests/unit/keyed", "tests/integration/test_records_cache.py"],
    "oracle": [
        "tests/unit/oracle",
        "tests/integration/test_connect_deadline.py",
        "tests/integration/test_connection_socket.py",
        "tests/integration/test_database_reads.py",
        "tests/integration/test_default_database.py",
    ],
    "profiling": [
        "tests/unit/profiling",
        "tests/integration/test_measure.py",
        "tests/integration/test_profiling.py",
        "tests/integration/test_stacks_capture.py",
        "tests/integration/test_profiling_leftovers.py",
    ],
}
"""Room to the tests that are to notice."""
WHOLE_FUNCTIONS = {"profiling"}
"""Rooms that run in child processes, where lines are not traced: of a function that a test calls,
every line is changed."""
LEFT_ALONE = "the literal text of `raise` and `assert`, `strict` of zip, the type given to `cast`"
_CONFIG = """
[tool.mutmut]
source_paths = ["tracekit"]
only_mutate = {only}
also_copy = ["profiles", "tracekit"]
pytest_add_cli_args = [
    "-q", "-m", "not slow", "-p", "no:cacheprovider",
    "--timeout=60", "--timeout-method=thread", {left_out}
    "--hypothesis-profile=mutants", "--hypothesis-seed=1",
]
pytest_add_cli_args_test_selection = {tests}
mutate_only_covered_lines = {covered}
use_git_change_detection = false
timeout_multiplier = 10.0
timeout_constant = 30.0
"""
LEFT_OUT = [
    # Ten seconds for each survivor, to judge memory that no single change here costs.
    "tests/unit/experiment/test_prove_results.py::"
    "test_of_a_result_without_keys_any_number_of_records_is_compared_in_little_memory",
    # Runs other Pythons, which have no mutmut to import.
    "tests/unit/keyed/test_lean.py::test_lean_records_on_every_python_there_is",
    # Looks at all objects of the process: seconds for each mutant, a minute on a busy machine.
    "tests/unit/profiling/test_retention_situations.py",
    # To import a mutated module leaves free memory, of which a known amount then takes a part.
    "tests/integration/test_profiling.py::test_the_harness_reports_known_amounts",
]
"""Tests that cannot judge mutants."""
# A test that hangs ends its process after a minute, which is a failure; raising an error in it, as
# the other method does, Hypothesis answers by running the example again. mutmut's own limit is of
# CPU time, 20 * (the tests' time + 30 s), and decides nothing.


@dataclass(frozen=True)
class Mutant:
    """A change that was tested."""

    name: str
    """As mutmut numbers it; the number moves when the function changes."""
    state: str
    diff: str

    @property
    def killed(self) -> bool:
        """Whether a test noticed."""
        return self.state == "killed"

    @property
    def function(self) -> str:
        """`reader.RecordStream.finish`, without the package and the room."""
        module, _, mangled = self.name.partition("__mutmut_")[0].rpartition(".")
        parts = mangled.removeprefix("x_").strip("ǁ").split("ǁ")
        return ".".join([*module.split(".")[2:], *(part for part in parts if part != "x")])

    @property
    def lines(self) -> list[str]:
        """`- an old line`, `+ a new line`."""
        changed = [line for line in self.diff.splitlines()[2:] if line[:1] in ("-", "+")]
        return [f"{line[0]} {line[1:].strip()}" for line in changed]

    @property
    def change(self) -> str:
        """The new lines in one; `without …` where lines were only taken away."""
        new = " ".join(line[2:] for line in self.lines if line.startswith("+"))
        old = " ".join(line[2:] for line in self.lines if line.startswith("-"))
        return new or f"without {old}"


def main() -> int:
    """Mutate the rooms that were asked for; 1 where one has survivors without a reason."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"default: {', '.join(ROOMS)}")
    parser.add_argument("--files", default="*", help="only some of the room: 're* digests'")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: 1)")
    parser.add_argument("--again", action="store_true", help="only what the last run left")
    parser.add_argument(
        "--seconds",
        type=float,
        help="start no more tests of a mutant after so much CPU time; what is left has survived",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side (default: 2)")
    asked = parser.parse_args()
    unknown = sorted(set(asked.rooms) - set(ROOMS))
    if unknown:
        parser.error(f"unknown room {unknown[0]!r}; expected one of {', '.join(ROOMS)}")
    if asked.sample is not None and asked.sample < 1:
        parser.error(f"--sample {asked.sample}: expected at least 1")
    if asked.again and asked.sample is not None:
        parser.error("--again tests what survived the last run; it cannot be sampled")
    if asked.again:
        for room in asked.rooms or ROOMS:
            if not _last(room).is_file():
                parser.error(f"--again: no run of {room} is known; run it without --again first")
    kept = tomllib.loads((Path(__file__).parent / "kept.toml").read_text(encoding="utf-8"))
    unexplained = 0
    for room in asked.rooms or ROOMS:
        unexplained += mutate(room, asked, kept.get(room, []))
    return 1 if unexplained else 0


def mutate(room: str, asked: argparse.Namespace, kept: list[dict[str, Any]]) -> int:
    """The number of survivors of `room` that `kept` does not explain.

    Raises:
        SystemExit: Ctrl-C stopped the run. What was found until then has been told.
    """
    only = json.loads(_last(room).read_text(encoding="utf-8")) if asked.again else None
    if only == []:
        print(f"{room}: nothing survived the last run")
        return 0
    started, cpu_before = time.monotonic(), _cpu_seconds()
    outcome = run(room, asked, only)
    tested = [Mutant(**each) for each in outcome["tested"]]
    reasons = {(entry["function"], change) for entry in kept for change in entry["changes"]}
    survived = sorted((m for m in tested if not m.killed), key=lambda mutant: mutant.name)
    told = [mutant for mutant in survived if (mutant.function, mutant.change) not in reasons]
    untested: list[str] = outcome["untested"]
    LAST.mkdir(exist_ok=True)
    left = [*(mutant.name for mutant in told), *untested]
    _last(room).write_text(json.dumps(left), encoding="utf-8")
    for mutant in told:
        print(f"\n{mutant.function} ({mutant.state})", *mutant.lines, sep="\n")
    print()
    if outcome["mutants"] == len(tested) and asked.files == "*":
        found = {(mutant.function, mutant.change) for mutant in survived}
        for function, change in sorted(reasons - found):
            print(f"kept.toml explains what did not survive: {function}: {change}")
    print(summary(room, asked, outcome["mutants"], tested, len(told), len(untested)))
    without = "call those functions" if room in WHOLE_FUNCTIONS else "run those lines"
    print(
        f"  {outcome['not_made']:,} more were not made: {', '.join(ROOMS[room])} never {without}. "
        f"Not changed at all: {LEFT_ALONE}.\n"
        f"  {_cpu_seconds() - cpu_before:.0f} s of CPU, {time.monotonic() - started:.0f} s"
    )
    if untested:
        sys.exit(128 + signal.SIGINT)
    return len(left)


def summary(
    room: str,
    asked: argparse.Namespace,
    total: int,
    tested: list[Mutant],
    told: int,
    untested: int,
) -> str:
    """What was run, what was killed, and, of a sample, what that says of the whole."""
    killed, count = sum(mutant.killed for mutant in tested), len(tested)
    files = f"{room}/{asked.files}.py"
    if asked.seconds is not None:
        files += f" by tests of {asked.seconds:g} s for each"
    said = f"{killed:,} of {count:,} mutants killed ({killed / max(count, 1):.1%})"
    others = Counter(mutant.state for mutant in tested if not mutant.killed)
    noticed = ", ".join(f"{others[state]:,} {state}" for state in sorted(others)) or "none is left"
    left = f"{noticed}; {told:,} of these without a reason in tests/mutants/kept.toml"
    if untested:
        return f"{files}, STOPPED with {untested:,} mutants to go: {said}; {left}"
    if asked.again:
        return f"{files}, what survived the last run: {said}; {left}"
    if count == total:
        return f"{files}: {said}; {left}"
    low, high = likely_share(killed, count, total)
    return (
        f"{files}, A SAMPLE of {count:,} of {total:,} mutants (seed {asked.seed}): {said}; {left}\n"
        f"  of all {total:,} this lets expect {low:.1%} to {high:.1%} killed, 19 times out of 20"
    )


def likely_share(killed: int, sample: int, total: int) -> tuple[float, float]:
    """Wilson's interval at 95% for the share killed of `total`, of which `sample` were drawn."""
    share = killed / sample
    # Without replacement: what was drawn is known, so only the rest is uncertain.
    squared = 1.96**2 * (total - sample) / max(total - 1, 1)
    middle = (share + squared / (2 * sample)) / (1 + squared / sample)
    half = math.sqrt(share * (1 - share) * squared / sample + squared**2 / (4 * sample**2))
    half /= 1 + squared / sample
    return middle - half, middle + half


def run(room: str, asked: argparse.Namespace, only: list[str] | None) -> dict[str, Any]:
    """What tests/mutants/engine.py found in a copy of the repository."""
    with tempfile.TemporaryDirectory(prefix=f"tracekit-mutants-{room}-") as name:
        folder = Path(name)
        for part in ("tracekit", "tests", "profiles/workloads"):
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        config = _CONFIG.format(
            only=json.dumps([f"tracekit/{room}/{files}.py" for files in asked.files.split()]),
            tests=json.dumps(ROOMS[room]),
            covered="false" if room in WHOLE_FUNCTIONS else "true",
            left_out=", ".join(json.dumps(f"--deselect={test}") for test in LEFT_OUT) + ",",
        )
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(project + config, encoding="utf-8")
        wanted = {"jobs": asked.jobs, "sample": asked.sample, "seed": asked.seed, "only": only}
        wanted["seconds"] = asked.seconds
        (folder / "asked.json").write_text(json.dumps(wanted), encoding="utf-8")
        engine = Path(__file__).with_name("engine.py")
        # Ctrl-C is the engine's: it stops testing and writes what it found until then.
        as_usual = signal.signal(signal.SIGINT, lambda number, frame: None)
        try:
            subprocess.run([sys.executable, "-u", str(engine)], cwd=folder, check=True)
        finally:
            signal.signal(signal.SIGINT, as_usual)
        found: dict[str, Any] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
        return found


def _last(room: str) -> Path:
    return LAST / f"{room}.json"


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
