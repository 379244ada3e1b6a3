"""Who kept the memory alive at the moment a test went over its limit."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.retention import fork_retention, this_moment
from tracekit.records import Retention, from_json

_LOOK_SECONDS = 0.01
_NAMED = 5


class OverrunWatch:
    """Watches this process and, once it outgrows a limit, forks one that looks at its objects.

    What that finds is read when it is asked for, so that it does not weigh on what is measured.

    Args:
        limit_bytes: how much resident memory may grow.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._most_bytes = process_memory.resident_bytes() + limit_bytes
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._pid: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="tracekit-overrun", daemon=True)
        self._thread.start()

    def holders(self) -> list[str]:
        """The largest holders at that moment; none where it never came, or they are not known."""
        self._stop()
        if self._pid is None:
            return []
        _, status = os.waitpid(self._pid, 0)
        self._pid = None
        self._answer.seek(0)
        try:
            found = from_json(Retention, self._answer.read(), source="retention")
        except ConfigError:  # it ended half-way
            return []
        return [str(holder) for holder in found.largest(_NAMED)] if not status else []

    def close(self) -> None:
        """Watch no longer, and end what looks."""
        self._stop()
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = None
        self._answer.close()

    def _stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            if process_memory.resident_bytes() > self._most_bytes:
                # A search for thread-locals would count towards the peak that is being measured.
                moment = this_moment(sys._getframe(), thread_locals=False)
                with contextlib.suppress(ProfileError):  # it cannot fork
                    self._pid = fork_retention(self._answer.fileno(), moment)
                return
