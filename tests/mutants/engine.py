"""Runs mutmut on one room, inside a copy of the repository that tests/mutants/__main__.py made.

mutmut's command line neither draws samples nor leaves parts of a statement alone, so this calls
mutmut as a library. It writes what became of every mutant to outcome.json.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import random
import resource
import shutil
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import libcst as cst
import mutant_calls
import psutil
import pytest
from mutmut import __main__ as mutmut
from mutmut import stats
from mutmut.mutation import file_mutation, mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import create_mutations
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation
from mutmut.workers.isolation import ForkServerRunner

MEMORY_LIMIT_BYTES = 6 * 1024**3
"""A mutant that never stops appending dies of this, and not the machine."""
HITS = Path("hits").absolute()
"""The functions that each test calls, in whichever process."""
KILLERS = Path("killers").absolute()
"""The modules of killed mutants, and the tests that killed them."""
IDLE_SECONDS = 5.0
"""Tests that compute nothing for so long wait for what never comes: no test idles that long."""
HANGING_SECONDS = 10.0
"""CPU time that a test may take beyond ten times its usual time."""


def main() -> None:
    """Make the mutants, test those that were asked for, write outcome.json."""
    asked = json.loads(Path("asked.json").read_text(encoding="utf-8"))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    leave_alone_what_nobody_asserts()
    if not sys.stdout.isatty():
        _tell_once_a_minute()
    mutmut.get_mutant_runner = Workers
    # pytest ends a test that hangs. mutmut's own clock goes on when a mutant's process has ended,
    # and kills whatever process has its number by then.
    isolation.register_timeout = lambda pid, timeout_s: None
    Tests.seconds = asked["seconds"]
    KILLERS.touch()
    _call_mutants_in_every_process()
    everything: dict[str, Path] = {}
    chosen: set[str] = set()
    mutmut.collect_source_file_mutation_data = _choosing(asked, everything, chosen)
    mutmut._run([], asked["jobs"])
    tested = _tested()
    outcome = {
        "mutants": len(everything),
        "not_made": _all_there_are() - len(everything),
        "untested": sorted(chosen - {name for name, _, _ in tested}),
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


class Uncached:
    """Empties tracekit's caches before each test, because what is cached is not called."""

    def pytest_runtest_setup(self) -> None:
        """Before the fixtures of a test."""
        for module in [vars(each) for name, each in sys.modules.items() if "tracekit" in name]:
            for function in module.values():
                if isinstance(function, functools._lru_cache_wrapper):
                    function.cache_clear()


class Tests(PytestRunner):
    """The tests of one mutant, which the server has collected."""

    session: pytest.Session | None = None
    seconds: float | None = None
    """CPU time after which no more tests of a mutant are started."""

    def execute_pytest(self, params: list[str], **kwargs: Any) -> int:
        """Run pytest, with empty caches for each test."""
        plugins = [*kwargs.pop("plugins", ()), Uncached()]
        return int(super().execute_pytest(params, plugins=plugins, **kwargs))

    def warm_up(self) -> None:
        """Nothing: the server runs inside pytest."""

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
        """In a process forked from the server; those that killed mutants of the file come first."""
        _handle_signals_as_usual()
        if self.session is None:  # before there is a server: does any test fail?
            return super().run_tests(mutant_name=mutant_name, tests=tests)
        module = (mutant_name or "").partition("__mutmut_")[0].rpartition(".")[0]
        wanted = set(tests)
        items = [item for item in self.session.items if item.nodeid in wanted]
        items.sort(key=Turn(module))
        threading.Thread(target=_end_what_waits, daemon=True).start()
        start = time.process_time()
        for item, following in zip(items, [*items[1:], None], strict=True):
            own = state().duration_by_test[item.nodeid]
            # Ends the process, which a thread cannot do while one call computes without end.
            signal.setitimer(signal.ITIMER_PROF, HANGING_SECONDS + 10 * own)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            except MemoryError:  # which pytest itself may meet after the test has
                return int(pytest.ExitCode.TESTS_FAILED)
            if self.session.testsfailed:
                with KILLERS.open("a", encoding="utf-8") as file:
                    file.write(f"{module}\t{item.nodeid}\n")
                return int(pytest.ExitCode.TESTS_FAILED)
            if self.seconds is not None and time.process_time() - start > self.seconds:
                break
        return 0 if items else int(pytest.ExitCode.NO_TESTS_COLLECTED)


class Turn:
    """Which test comes first: one likely to kill, by what it takes; databases start last."""

    def __init__(self, module: str) -> None:
        lines = KILLERS.read_text(encoding="utf-8").splitlines()
        kills = (line.partition("\t")[::2] for line in lines)
        self._kills = Counter(test for of, test in kills if of == module)
        self._file_seconds: Counter[str] = Counter()
        for test, seconds in state().duration_by_test.items():
            self._file_seconds[test.partition("::")[0]] += seconds

    def __call__(self, item: pytest.Item) -> tuple[float, float, str, float]:
        """Tests that are not of units go file by file, since a file may start a database."""
        file = item.nodeid.partition("::")[0]
        own = state().duration_by_test[item.nodeid]
        kills: float = self._kills[item.nodeid]
        if file.startswith("tests/unit"):
            kills += 0.5  # so that many quick tests come before a slow one that killed once
        return -kills / (own + 0.05), self._file_seconds[file], file, own


class Workers(ForkServerRunner):
    """Forks from a process that ran no test: polars, duckdb and Arrow have threads once used."""

    def __init__(self, jobs: int = 1) -> None:
        super().__init__(jobs, Tests, {})

    def _forkserver_main(self, work_fd: int, result_fd: int) -> None:
        """Inside pytest, so that tests are collected once and not for each mutant."""
        serve = super()._forkserver_main

        class Server:
            """Takes the place of running the tests."""

            @pytest.hookimpl(tryfirst=True)
            def pytest_runtestloop(self, session: pytest.Session) -> bool:
                """Run some of them in a process for each mutant."""
                assert not session.testsfailed, "the tests can no longer be collected"
                Tests.session = session
                gc.collect()
                gc.freeze()  # each process would otherwise copy, to search it, what is loaded
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)  # of the server's own files
                    serve(work_fd, result_fd)
                return True

        runner = Tests()
        tests = runner._pytest_add_cli_args_test_selection
        with (
            change_cwd("mutants"),
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            runner.execute_pytest(["-x", "-q", "-s", *tests], plugins=[Server()])

    def run_clean_tests(self, tests: Iterable[str]) -> int:
        """Nothing: the run that maps tests to functions was one of the unchanged code already."""
        return 0


def _handle_signals_as_usual() -> None:
    """The server has its own ways, and a shell's background job ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _end_what_waits() -> None:
    """Kill the mutant if a test, and what it started, uses no CPU any more."""
    before = -1.0
    while abs((used := _cpu_seconds()) - before) > 0.02 * IDLE_SECONDS:  # an idle server takes 0.01
        before = used
        time.sleep(IDLE_SECONDS)
    os._exit(int(pytest.ExitCode.TESTS_FAILED))


def _cpu_seconds() -> float:
    ended = os.times()
    used = time.process_time() + ended.children_user + ended.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            used += sum(child.cpu_times()[:2])
    return used


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
    -signal.SIGPROF: "killed",  # it never ends
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


def _choosing(asked: dict[str, Any], everything: dict[str, Path], chosen: set[str]) -> Any:
    """mutmut's listing of mutants, cut down to those that were asked for, which go to `chosen`."""
    listing = mutmut.collect_source_file_mutation_data

    def choose(*, mutant_names: list[str]) -> Any:
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
        chosen.update(names)
        return [each for each in mutants if each[1] in chosen], files

    return choose


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
