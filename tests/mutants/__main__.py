"""`make mutants ARGS=ROOM`: change a room's code in small ways, and see whether its tests notice.

mutmut makes the changes and runs, for each, the tests that call the changed function. Each room is
mutated in a copy of the repository with the room's own tests, so that rooms can be run one by one.
The share that tests killed is printed, with every survivor that tests/mutants/kept.toml does not
explain; those make the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = {
    "ndjson": ["tests/unit/test_ndjson_streams.py"],
    "equality": ["tests/unit/equality"],
    "keyed": ["tests/unit/keyed"],
    "oracle": ["tests/unit/oracle"],
    "profiling": ["tests/unit/profiling"],
}
"""Room to the tests that are to notice."""
_CONFIG = """
[tool.mutmut]
source_paths = ["tracekit"]
only_mutate = {only}
also_copy = ["profiles", "tracekit"]
pytest_add_cli_args = ["-q", "-m", "not slow", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
mutate_only_covered_lines = true
use_git_change_detection = false
"""


def main() -> int:
    """Mutate the rooms that were asked for; 1 where one has survivors without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"default: {', '.join(ROOMS)}")
    parser.add_argument("--files", default="*", help="only these files of the room: 're*'")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side (default: 2)")
    asked = parser.parse_args()
    unknown = sorted(set(asked.rooms) - set(ROOMS))
    if unknown:
        parser.error(f"unknown room {unknown[0]!r}; expected one of {', '.join(ROOMS)}")
    kept = tomllib.loads((Path(__file__).parent / "kept.toml").read_text(encoding="utf-8"))
    unexplained = 0
    for room in asked.rooms or ROOMS:
        unexplained += mutate(room, asked.files, asked.jobs, kept.get(room, {}))
    return 1 if unexplained else 0


def mutate(room: str, files: str, jobs: int, kept: dict[str, str]) -> int:
    """The number of survivors of `room` that `kept` does not explain."""
    with tempfile.TemporaryDirectory(prefix=f"tracekit-mutants-{room}-") as name:
        folder = Path(name)
        for part in ("tracekit", "tests", "profiles/workloads"):
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        config = _CONFIG.format(
            only=json.dumps([f"tracekit/{room}/{files}.py"]), tests=json.dumps(ROOMS[room])
        )
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(project + config, encoding="utf-8")
        for asked in (["run", "--max-children", str(jobs)], ["export-cicd-stats"]):
            subprocess.run([sys.executable, "-m", "mutmut", *asked], cwd=folder, check=True)
        figures = json.loads((folder / "mutants/mutmut-cicd-stats.json").read_text())
        left = survivors(folder)
        told = [name for name in left if name not in kept]
        for mutant in told:
            shown = [sys.executable, "-m", "mutmut", "show", mutant]
            subprocess.run(shown, cwd=folder, check=False)
    total = figures["killed"] + figures["timeout"] + len(left)
    print(
        f"{room} ({files}): {total - len(left)} of {total} mutants killed "
        f"({(total - len(left)) / max(total, 1):.1%}); {len(left)} survived, {len(told)} of them "
        "without a reason in tests/mutants/kept.toml"
    )
    return len(told)


def survivors(folder: Path) -> list[str]:
    """The names of the mutants that no test noticed."""
    command = [sys.executable, "-m", "mutmut", "results"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    lines = [line.strip().rpartition(": ") for line in said.splitlines()]
    return [name for name, _, state in lines if state in ("survived", "no tests")]


if __name__ == "__main__":
    sys.exit(main())
