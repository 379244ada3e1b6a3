"""A program as a child process: in its own process group, at the terminal if there is one."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from tracekit.errors import ConfigError

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.02


class ScriptProcess:
    """A started command; by default its standard streams are ours.

    At a terminal it is in the foreground: it reads from it and receives Ctrl-C and Ctrl-Z, as if a
    shell had started it.

    Args:
        command: The program and its arguments.
        environment: All of its variables.
        stdout: A file descriptor to write on instead of our standard output.
        memory_limit_bytes: Limit of the private memory of each of its processes.

    Raises:
        ConfigError: the program does not exist, or cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: int | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self._terminal = _our_terminal()
        try:
            self._process = subprocess.Popen(
                list(command), env=dict(environment), stdout=stdout, process_group=0
            )
        except OSError as exc:
            raise ConfigError(f"{command[0]!r} cannot be started: {exc.strerror or exc}") from exc
        if memory_limit_bytes is not None and sys.platform.startswith("linux"):
            self._limit(memory_limit_bytes)
        self._to_foreground(self.pid)

    @property
    def pid(self) -> int:
        """Process id, which is also its process group's."""
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code once it ended; minus the signal's number if it was killed."""
        code = self._process.poll()
        if code is None and self._terminal is not None:
            self._stop_with_it()
        return code

    def send(self, number: int) -> None:
        """Send a signal only to the process itself."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> bool:
        """End the rest of its group and take the terminal back; return whether anything was left.

        Args:
            number: The signal to send; SIGKILL follows after some seconds.
        """
        left = self._signal_group(number)
        deadline = time.monotonic() + _GRACE_SECONDS
        while self._signal_group(0) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        self._to_foreground(os.getpgrp())
        return left

    def _signal_group(self, number: int) -> bool:
        self._process.poll()  # otherwise its zombie counts as part of the group
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _limit(self, limit_bytes: int) -> None:
        # From outside, so that programs in any language are limited; children inherit it.
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_DATA)
            resource.prlimit(self.pid, resource.RLIMIT_DATA, (limit_bytes, hard))

    def _to_foreground(self, group: int) -> None:
        if self._terminal is None:
            return
        # Otherwise SIGTTOU stops a background process that changes the foreground.
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            with contextlib.suppress(OSError):  # its group is gone
                os.tcsetpgrp(self._terminal, group)
        finally:
            signal.signal(signal.SIGTTOU, before)
        if group == self.pid:
            self._signal_group(signal.SIGCONT)  # it may have read before it could

    def _stop_with_it(self) -> None:
        """If the user stopped it with Ctrl-Z, stop as well, and continue it afterwards."""
        try:
            stopped = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return
        if stopped is not None:
            self._to_foreground(os.getpgrp())
            os.kill(os.getpid(), signal.SIGSTOP)  # until the shell's `fg`
            self._to_foreground(self.pid)


def _our_terminal() -> int | None:
    """The file descriptor of the terminal in whose foreground we are."""
    try:
        fd = sys.stdin.fileno()
        return fd if os.tcgetpgrp(fd) == os.getpgrp() else None
    except (OSError, ValueError, AttributeError):  # no terminal, or no stdin at all
        return None
