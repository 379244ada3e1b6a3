"""The lines that a server process receives from its parent."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections import deque
from collections.abc import Iterator


class StandardInput:
    """The lines of stdin, until it ends or `end` is called from another thread.

    Reads the file descriptor: a thread waiting for a line would hold the lock of `sys.stdin`.
    """

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._wake, self._waker = socket.socketpair()
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        while self._lines or self._receive():
            if self._lines:
                yield self._lines.popleft()

    def end(self) -> None:
        """Signal the end to readers that wait for a line."""
        self._waker.close()

    def _receive(self) -> bool:
        ready, _, _ = select.select([self._descriptor, self._wake], [], [])
        if self._wake in ready:
            self._wake.close()
            return False
        data = os.read(self._descriptor, 65_536)
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._lines += whole
        if not data and self._rest:  # the last line has no line end
            self._lines.append(self._rest)
            self._rest = b""
        return bool(data or self._lines)
