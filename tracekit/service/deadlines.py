"""Deadlines of a connection, so that slow clients cannot keep one open."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0
"""From the connection, or the first byte of a later request, to the end of its header."""
BODY_SECONDS = 120.0
"""From the end of the header to the end of the body."""
WRITE_SECONDS = 30.0
"""The time for the client to read what is buffered for it, about 64 KiB."""


class DeadlineProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 with deadlines for header, body and each piece of the answer.

    Uvicorn itself has a deadline only for idle connections, and only after their first answer.
    """

    _reading: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _read_state: object = None

    def connection_made(self, transport: Any) -> None:
        """Start the deadline for a header."""
        super().connection_made(transport)
        self._watch_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        self._cancel(self._reading, self._writing)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle received data; each part of a request, not each byte, starts a deadline."""
        super().data_received(data)
        self._watch_reading()

    def pause_writing(self) -> None:
        """Start the deadline for a client that reads slowly."""
        super().pause_writing()
        self._cancel(self._writing)
        self._writing = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """End that deadline: the client has read nearly everything."""
        self._cancel(self._writing)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, and drop it even if the client has not read the answer."""
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
