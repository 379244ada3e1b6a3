"""Ensure that no Python of a redirected program runs without the redirect."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tracekit.errors import ConfigError, RedirectError
from tracekit.programs.redirect import Redirect
from tracekit.programs.redirect_children import child_escape, is_python
from tracekit.programs.redirect_target import VARIABLE
from tracekit.programs.script_command import shown_command

_START_SECONDS = 3.0
"""How long a Python may take to turn the redirect on before it counts as escaped."""
_LOOK_SECONDS = 0.1
_LIBRARIES_SECONDS = 1.0
_CLIENT_LIBRARY = b"/libclntsh."
"""Libraries of Oracle Instant Client: thick drivers, Oracle's ODBC driver, sqlplus."""
_FORKED_NOT_EXECUTED = 0x40
"""PF_FORKNOEXEC, in the flags of proc_pid_stat(5)."""


def check_command(
    command: Sequence[str], environment: Mapping[str, str], redirect: Redirect
) -> None:
    """Check, before it starts, that this Python, or a script's Python, will load the redirect.

    Raises:
        ConfigError: it will not.
    """
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise ConfigError(f"the program {command[0]!r} was not found")
    words = [program, *command[1:]]
    shebang = _shebang(Path(program))
    if shebang:
        interpreter = shutil.which(shebang[0], path=environment.get("PATH"))
        if interpreter is None or not is_python(interpreter):
            return
        words = [interpreter, *shebang[1:], program]
    why = child_escape(words[0], words, environment, environment[VARIABLE])
    if why is not None:
        raise ConfigError(why)
    if is_python(words[0]):
        redirect.check(words[0])


class EscapeWatch:
    """Looks for processes that read Oracle without the redirect, as a shell script may start them.

    Processes with the redirect refuse such things before they happen. Others are detected here
    after they started, so that the run does not pass as redirected.
    """

    def __init__(self, redirect: Redirect) -> None:
        self._redirect = redirect
        self._seen: dict[int, float] = {}
        self._passed: set[int] = set()
        self._next = self._next_libraries = 0.0

    def look(self, processes: Iterable[int]) -> None:
        """Check these processes, at most a few times a second.

        Raises:
            RedirectError: one of them is a Python that did not turn the redirect on, or has
                loaded Oracle's own client libraries.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LOOK_SECONDS
        found = set(processes)
        self._look_for_pythons(found, now)
        if now >= self._next_libraries:
            self._next_libraries = now + _LIBRARIES_SECONDS
            for pid in found:
                if _CLIENT_LIBRARY in _maps(pid):
                    raise _escaped(
                        pid,
                        "has loaded Oracle Client libraries, which cannot be "
                        "redirected. Use python-oracledb in thin mode",
                    )

    def _look_for_pythons(self, processes: set[int], now: float) -> None:
        pythons = {pid for pid in processes - self._passed if _is_started_python(pid)}
        if not pythons:
            return
        self._passed |= self._redirect.processes()
        for pid in pythons - self._passed:
            if now - self._seen.setdefault(pid, now) > _START_SECONDS:
                raise _escaped(
                    pid, "is a Python that does not load the redirect. Install tracekit there"
                )


def _escaped(pid: int, what: str) -> RedirectError:
    return RedirectError(
        f"the program was stopped, because its process {pid} ({_command_line(pid)}) {what}"
    )


def _shebang(program: Path) -> list[str]:
    try:
        with program.open("rb") as file:
            line = file.readline(500)
    except OSError:
        return []
    if not line.startswith(b"#!"):
        return []
    words = os.fsdecode(line[2:]).split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words


def _is_started_python(pid: int) -> bool:
    """Whether it is a Python that was started, not forked: a fork already has the redirect."""
    folder = Path(f"/proc/{pid}")
    try:
        flags = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[6])
        return not flags & _FORKED_NOT_EXECUTED and is_python(str((folder / "exe").readlink()))
    except (OSError, IndexError, ValueError):
        return False


def _maps(pid: int) -> bytes:
    """The memory map of a process, with the files it has mapped; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return b""


def _command_line(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:3]
    except OSError:
        return "already gone"
    return shown_command([os.fsdecode(word) for word in words])
