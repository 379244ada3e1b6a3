"""Calls the mutant under test in place of the function it was made from.

Every mutated module imports this, in the tests' process and in those that tests start or fork. Its
memory is measured there, so it imports nothing of mutmut. The mutant's name, and the file in which
other processes than the tests' own note calls, come by the environment, which processes inherit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

MutantDict = dict[str, Callable[..., Any]]
HITS = "MUTANT_HITS"

_process = 0
_name = ""
_here: tuple[int, set[str]] = (0, set())
_noted: set[tuple[str, str]] = set()


def wrap_in_trampoline(
    mutants: MutantDict, is_classmethod: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function of which `mutants` has the original and the changed ones."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        spec = function.__globals__["__spec__"]
        module = spec.name if spec else function.__module__  # not `__main__` if run by `python -m`

        def chosen() -> Callable[..., Any]:
            name = _mutant_under_test()
            original = mutants["_mutmut_orig"]
            if name == "stats":
                _note(f"{module}.{original.__name__.partition('__mutmut_')[0]}")
            assert name != "fail", "mutmut tries whether a test fails"
            of, _, mutant = name.rpartition(".")
            return mutants.get(mutant, original) if of == module else original

        if is_classmethod:

            @wraps(function)
            def call(cls: type, *args: Any, **named: Any) -> Any:
                return getattr(cls, chosen().__name__)(*args, **named)

        else:

            @wraps(function)
            def call(*args: Any, **named: Any) -> Any:
                return chosen()(*args, **named)

        return call

    return wrap


def note_in(calls: set[str]) -> None:
    """Note the calls of this process, not of those it forks, in `calls`."""
    global _here
    _here = os.getpid(), calls


def _mutant_under_test() -> str:
    """Read once in each process, so that a test may change its environment."""
    global _process, _name
    if _process != os.getpid():
        _process, _name = os.getpid(), os.environ.get("MUTANT_UNDER_TEST", "")
    return _name


def _note(function: str) -> None:
    """Write down that the test now running calls `function`."""
    process, calls = _here
    if process == _process:
        calls.add(function)
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    file = os.environ.get(HITS)
    if file and test and (test, function) not in _noted:
        _noted.add((test, function))
        try:
            with open(file, "a", encoding="utf-8") as hits:  # noqa: PTH123 - no pathlib in a small process
                hits.write(f"{function}\t{test}\n")
        except OSError:  # the test lets files have only a few bytes
            pass
