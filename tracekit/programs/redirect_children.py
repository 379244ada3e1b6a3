"""Check whether a Python that is about to be started will load the redirect."""

from __future__ import annotations

import functools
import os
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracekit.programs.redirect_target import VARIABLE

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?t?|pypy\d*(\.\d+)*")
_TAKES_VALUE = "WX"
_PROBE = "import sys; sys.exit('tracekit.programs.redirect_guard' not in sys.modules)"
_PROBE_SECONDS = 30.0


def child_escape(
    executable: Any, arguments: Any, environment: Any, variable_value: str
) -> str | None:
    """Why this process would run Python code without the redirect; None if it would not.

    Args:
        executable: The new process's executable; None for the first argument.
        arguments: The program's name first, as in `execv`.
        environment: The new process's environment; None if it inherits ours.
        variable_value: The value that TRACEKIT_REDIRECT must have there.
    """
    words = [_text(word) for word in _words(arguments)]
    program = _text(executable) if executable else (words[0] if words else "")
    if not is_python(program):
        return None
    if environment is not None and _variable(environment) != variable_value:
        return (
            f"{program} would be started in an environment without {VARIABLE}, so its connections "
            "would not be redirected. Build its environment from os.environ"
        )
    options = interpreter_options(words[1:])
    if "S" in options:
        return f"{program} -S would not load the redirect, because -S disables `site`"
    if {"I", "s"} & options and _in_user_site():
        return (
            f"{program} -{'I' if 'I' in options else 's'} would not load the redirect: it ignores "
            "the user's site-packages, where tracekit is installed"
        )
    path = shutil.which(program)
    if path is None or _same_folder(path, sys.executable) or loads_redirect(path, variable_value):
        return None
    return (
        f"{path} does not load the redirect: tracekit is not installed there. Use {sys.executable}"
    )


def is_python(program: str) -> bool:
    """Whether the program's name is that of a Python interpreter."""
    return _PYTHON.fullmatch(Path(program).name) is not None


def interpreter_options(arguments: Sequence[str]) -> set[str]:
    """The single letters among a Python's own options: `-Es -c ...` gives E, s and c."""
    letters: set[str] = set()
    waiting = iter(arguments)
    for word in waiting:
        if not word.startswith("-") or word == "-" or word.startswith("--"):
            break
        for place, letter in enumerate(word[1:], start=1):
            letters.add(letter)
            if letter in _TAKES_VALUE:
                if place == len(word) - 1:
                    next(waiting, None)
                break
            if letter in "cm":
                return letters
    return letters


@functools.cache
def loads_redirect(python: str, variable_value: str) -> bool:
    """Whether that Python, started with TRACEKIT_REDIRECT, turns the redirect on."""
    probe = subprocess.run(
        [python, "-c", _PROBE],
        env={**os.environ, VARIABLE: variable_value},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_PROBE_SECONDS,
        check=False,
    )
    return probe.returncode == 0


def _words(arguments: Any) -> Sequence[Any]:
    return [arguments] if isinstance(arguments, str | bytes | os.PathLike) else list(arguments)


def _text(word: Any) -> str:
    return os.fsdecode(word) if isinstance(word, str | bytes | os.PathLike) else str(word)


def _variable(environment: Mapping[Any, Any]) -> str | None:
    value = environment.get(VARIABLE, environment.get(VARIABLE.encode()))
    return None if value is None else _text(value)


def _same_folder(one: str, other: str) -> bool:
    # Not resolved: a virtual environment's python is a link to one without its packages.
    return Path(one).absolute().parent == Path(other).absolute().parent


def _in_user_site() -> bool:
    user_site = site.getusersitepackages()
    return Path(__file__).is_relative_to(user_site)
