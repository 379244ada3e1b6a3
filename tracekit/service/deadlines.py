"""Deadlines of a connection, so that slow clients cannot keep one open."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0
"""From the connection, or the first byte of a further request, to the end of its header."""
BODY_SECONDS = 120.0
"""From there to the end of its body."""
WRITE_SECONDS = 30.0
"""For the client to take what is buffered for it, some 64 KiB."""


class DeadlineProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 with deadlines for header, body and each piece of the answer.

    Uvicorn itself has one for idle connections only, and only after their first answer.
    """

    _reading: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _read_state: object = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a header."""
        super().connection_made(transport)
        self._watch_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._cancel(self._reading, self._writing)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a deadline begins with each part of a request, not with each byte."""
        super().data_received(data)
        self._watch_reading()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        super().pause_writing()
        self._cancel(self._writing)
        self._writing = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken nearly all of it."""
        self._cancel(self._writing)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, and let it go even where the client took no answer."""
        super().timeout_keep_alive_handler()
        self._writing = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def _watch_reading(self) -> None:
        state = self.conn.their_state
        if state is self._read_state:
            return
        self._read_state = state
        self._cancel(self._reading)
        seconds = {h11.IDLE: HEADER_SECONDS, h11.SEND_BODY: BODY_SECONDS}.get(state)
        if seconds is not None:
            self._reading = self.loop.call_later(seconds, self.transport.abort)

    def _cancel(self, *timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
