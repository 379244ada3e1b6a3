"""A process that runs alongside this one and ends with it, even if this one is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO

_STOP_SECONDS = 4.0

# The shell's stdin ends when this process stops the companion, and also when this process is
# killed, when nothing else would stop the companion.
_SUPERVISE = """\
exec 9<&0
"$@" 9<&- </dev/null & companion=$!
{ cat <&9 >/dev/null; kill "$companion" 2>/dev/null; } >/dev/null 2>&1 &
wait "$companion"
"""


class Companion:
    """A command that runs while the `with` block does.

    Args:
        command: The program and its arguments.
        environment: Its whole environment.
        descriptors: Open file descriptors that it inherits; above 9, which the shell uses.
        stdout: Its standard output, as for subprocess.Popen.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
        *,
        stdout: int = subprocess.DEVNULL,  # stdout is data, and most companions have none
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._stdout = stdout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Companion:
        """Start it."""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISE, "tracekit-companion", *self._command],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            pass_fds=self._descriptors,
            start_new_session=True,  # Ctrl-C at a terminal is ours; we stop it in order
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ask it to end; kill it if it does not within some seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    @property
    def pid(self) -> int | None:
        """Process id of the shell that watches it, which is its parent."""
        return self._process.pid if self._process is not None else None

    @property
    def stdout(self) -> IO[bytes] | None:
        """Its standard output, if that is a pipe."""
        return self._process.stdout if self._process is not None else None

    def exit_code(self) -> int | None:
        """Its exit code once it ended; None while it runs."""
        return self._process.poll() if self._process is not None else None
