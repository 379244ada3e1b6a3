"""The log of a redirect: one file, into which every process of the program writes lines."""

from __future__ import annotations

import json
import os

from tracekit.errors import RedirectError


class RedirectLog:
    """Appends to the log; each line is one write, so that processes do not mix theirs."""

    def __init__(self, path: str) -> None:
        self._path = path

    def started(self) -> None:
        """The redirect is active in this process."""
        self._append({"event": "started"})

    def connected(self, dsn: str) -> None:
        """The program requested a connection to `dsn`, or took one from a pool."""
        self._append({"event": "connection", "dsn": dsn})

    def refused(self, what: str) -> None:
        """Something that could not be redirected was refused."""
        self._append({"event": "refused", "what": what})

    def _append(self, fact: dict[str, str]) -> None:
        line = json.dumps({**fact, "pid": os.getpid()}) + "\n"
        try:
            fd = os.open(
                self._path, os.O_WRONLY | os.O_APPEND
            )  # not created, because nobody would read it
            try:
                os.write(fd, line.encode("utf-8"))
            finally:
                os.close(fd)
        except OSError as exc:
            raise RedirectError(
                f"the redirect's log is gone ({exc}), because the tracekit command that started "
                "this program has ended, and its local Oracle with it"
            ) from exc
