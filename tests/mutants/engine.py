"""Runs mutmut on one room, inside a copy of the repository that tests/mutants/__main__.py made.

mutmut's command line neither draws samples nor leaves parts of a statement alone, so this calls
mutmut as a library. It writes what became of every mutant to outcome.json.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import libcst as cst
import mutant_calls
import pytest
from mutmut import __main__ as mutmut
from mutmut import stats
from mutmut.mutation import file_mutation, mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import create_mutations
from mutmut.runners.harness import BadTestExecutionCommandsException, PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers.isolation import ForkServerRunner

MEMORY_LIMIT_BYTES = 6 * 1024**3
"""A mutant that never stops appending dies of this, and not the machine."""
HITS = Path("hits").absolute()
"""The functions that each test calls, in whichever process."""


def main() -> None:
    """Make the mutants, test those that were asked for, write outcome.json."""
    asked = json.loads(Path("asked.json").read_text(encoding="utf-8"))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    leave_alone_what_nobody_asserts()
    if not sys.stdout.isatty():
        _tell_once_a_minute()
    mutmut.get_mutant_runner = Workers
    _call_mutants_in_every_process()
    everything: dict[str, Path] = {}
    mutmut.collect_source_file_mutation_data = _choosing(asked, everything)
    mutmut._run([], asked["jobs"])
    tested = _tested()
    outcome = {
        "mutants": len(everything),
        "not_made": _all_there_are() - len(everything),
        "tested": [
            {
                "name": name,
                "state": state,
                "diff": "" if state == "killed" else get_diff_for_mutant(name, path=path),
            }
            for name, path, state in tested
        ],
    }
    Path("outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


class Chosen:
    """Keeps the tests that call the mutated function: unit tests first, then quick files."""

    def __init__(self, tests: Iterable[str]) -> None:
        self._tests = set(tests)
        self._file_seconds: Counter[str] = Counter()
        for test, seconds in state().duration_by_test.items():
            self._file_seconds[test.partition("::")[0]] += seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Not by names on a command line, where some parameters' ids cannot stand."""
        items[:] = sorted((item for item in items if item.nodeid in self._tests), key=self._turn)

    def _turn(self, item: pytest.Item) -> tuple[bool, float, str, float]:
        """File by file, since a file's fixtures may start a database."""
        file = item.nodeid.partition("::")[0]
        own = state().duration_by_test[item.nodeid]
        return not file.startswith("tests/unit"), self._file_seconds[file], file, own


class Tests(PytestRunner):
    """The tests of one mutant."""

    def warm_up(self) -> None:
        """Collect all tests; what was loaded is no longer searched for garbage by each fork."""
        super().warm_up()
        gc.collect()
        gc.freeze()

    def run_stats(self, *, tests: Iterable[str]) -> int:
        """Map tests to functions, in a process of its own; say why if one fails."""
        _handle_signals_as_usual()
        mutant_calls.note_in(state()._stats)
        log = Path("stats.log").absolute()
        with log.open("w") as file, redirect_stdout(file), redirect_stderr(file):
            code = super().run_stats(tests=tests)
        for line in set(HITS.read_text(encoding="utf-8").splitlines()):
            function, _, test = line.partition("\t")
            if test in state().duration_by_test:
                state().tests_by_mangled_function_name[function].add(test)
        if code and sys.__stdout__ is not None:
            sys.__stdout__.write(log.read_text()[-5000:])
        return code

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """In a process forked from the server."""
        _handle_signals_as_usual()
        tests = set(tests) or set(state().duration_by_test)
        files = sorted({test.partition("::")[0] for test in tests})
        with change_cwd("mutants"):
            try:
                return int(self.execute_pytest(["-x", "-q", *files], plugins=[Chosen(tests)]))
            except BadTestExecutionCommandsException:
                raise  # no test was run
            except Exception:  # pytest raises after the tests what no test could: a leak
                return int(pytest.ExitCode.TESTS_FAILED)


class Workers(ForkServerRunner):
    """Forks from a process that ran no test: polars, duckdb and Arrow have threads once used."""

    def __init__(self, jobs: int = 1) -> None:
        super().__init__(jobs, Tests, {})

    def run_clean_tests(self, tests: Iterable[str]) -> int:
        """Nothing: the run that maps tests to functions was one of the unchanged code already."""
        return 0


def _handle_signals_as_usual() -> None:
    """The server has its own ways, and a shell's background job ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _call_mutants_in_every_process() -> None:
    """Let processes that tests start import the mutants, too, and note the calls they make."""
    mutants = Path("mutants").absolute()
    mutants.mkdir()
    shutil.copy(Path(__file__).with_name("mutant_calls.py"), mutants)
    calls = "from mutant_calls import MutantDict, wrap_in_trampoline as _mutmut_mutated\n"
    file_mutation.trampoline_impl_cst[:] = cst.parse_module(calls).body
    HITS.touch()
    os.environ |= {"PYTHONPATH": str(mutants), "MUTANT_HITS": str(HITS)}


STATES = {
    0: "survived",
    5: "no tests",
    33: "no tests",
    1: "killed",
    3: "killed",
    -signal.SIGSEGV: "killed",  # by Arrow, of which no test survives a crash
    **dict.fromkeys((-signal.SIGXCPU, signal.SIGXCPU, 128 + signal.SIGXCPU), "timeout"),
}
"""What became of a mutant by the exit code of its tests; anything else decides nothing."""


def leave_alone_what_nobody_asserts() -> None:
    """No mutants of the literal text of `raise` and `assert`, `strict` of zip and the type of cast.

    The first is wording; the values, conditions and classes of errors are changed as everything
    else. `strict` asserts what holds. The type that `cast` is given does nothing at run time.
    """
    wording: set[int] = set()
    change_string, drop_argument = mutators.operator_string, mutators.operator_arg_removal
    change_name = mutators.operator_name

    def note(statement: cst.Raise | cst.Assert) -> Iterator[cst.CSTNode]:
        said = statement.msg if isinstance(statement, cst.Assert) else statement
        if said is not None:
            wording.update(id(node) for node in _below(said) if isinstance(node, cst.BaseString))
        return iter(())

    def name(node: cst.Name) -> Iterator[cst.CSTNode]:
        return iter(()) if id(node) in wording else iter(change_name(node))

    def string(node: cst.BaseString) -> Iterator[cst.CSTNode]:
        return iter(()) if id(node) in wording else iter(change_string(node))

    def arguments(node: cst.Call) -> Iterator[cst.CSTNode]:
        called = node.func.value if isinstance(node.func, cst.Name) else ""
        if called == "cast":
            return iter(())
        strict = next((arg for arg in node.args if called == "zip" and _is_strict(arg)), None)
        if strict is None:
            return iter(drop_argument(node))
        wording.add(id(strict.value))
        return (made for made in drop_argument(node) if any(arg is strict for arg in made.args))

    swapped = {change_string: string, drop_argument: arguments, change_name: name}
    mutators.mutation_operators[:] = [
        (cst.Raise, note),
        (cst.Assert, note),
        *((kind, swapped.get(made, made)) for kind, made in mutators.mutation_operators),
    ]


def _is_strict(argument: cst.Arg) -> bool:
    return argument.keyword is not None and argument.keyword.value == "strict"


def _below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _below(child)


def _tell_once_a_minute() -> None:
    """Where its output goes to a file, no spinner."""
    told = time.monotonic()

    def status(said: str, force_output: bool = False) -> None:
        nonlocal told
        if force_output or time.monotonic() - told > 60:
            told = time.monotonic()
            print(said, flush=True)

    mutmut.print_status = stats.print_status = status


def _choosing(asked: dict[str, Any], everything: dict[str, Path]) -> Any:
    """mutmut's listing of mutants, cut down to those that were asked for."""
    listing = mutmut.collect_source_file_mutation_data

    def chosen(*, mutant_names: list[str]) -> Any:
        mutants, files = listing(mutant_names=mutant_names)
        called = state().tests_by_mangled_function_name
        everything.update(
            (name, Path(data.path))
            for data, name, _ in mutants
            if name.partition("__mutmut_")[0] in called
        )
        names = sorted(everything)
        if asked["only"] is not None:
            gone = sorted(set(asked["only"]) - set(names))
            if gone:
                print(f"no such mutants any more: {', '.join(gone)}")
            names = sorted(set(asked["only"]) & set(names))
        elif asked["sample"] is not None:
            names = random.Random(asked["seed"]).sample(names, min(asked["sample"], len(names)))
        kept = set(names)
        return [each for each in mutants if each[1] in kept], files

    return chosen


def _tested() -> list[tuple[str, Path, str]]:
    found = []
    for path in mutmut.walk_mutatable_files():
        data = mutmut.SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            if code is not None:
                found.append((name, path, STATES.get(code, f"undecided, exit code {code}")))
    return found


def _all_there_are() -> int:
    """Mutants there would be if the tests ran every line."""
    total = 0
    for path in mutmut.walk_mutatable_files():
        _, mutations, _, _ = create_mutations(str(path), path.read_text(encoding="utf-8"))
        total += sum(
            isinstance(m.contained_by_top_level_function, cst.FunctionDef) for m in mutations
        )
    return total


if __name__ == "__main__":
    sys.exit(main())
