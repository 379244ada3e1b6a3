"""One client's socket: packets in, buffers out, breaks in between.

A session's thread reads the socket itself between calls. While a call runs, the server's watcher
takes what arrives: requests of a pipeline wait in the inbox, and a break or the end of the
connection interrupts the database, again and again, until the session's thread has acknowledged it.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn

from tracekit.errors import RemoteWireError, TracekitError
from tracekit.localdb.watcher import Watcher
from tracekit.localdb.wire.packets import (
    DATA_FLAG_EOF,
    LONGEST_LOGIN_PACKET,
    LONGEST_PACKET,
    Marker,
    Packet,
    PacketReader,
    PacketType,
    make_marker,
)

_log = logging.getLogger(__name__)

_FIRST_RECEIVE_BYTES = 16 << 10
_RECEIVE_BYTES = 256 << 10
"""Asked for once a client has filled the smaller buffer, which is all that idle ones cost."""
_MOST_WAITING_BYTES = 16 << 20
"""Of a pipeline's requests behind a running call; the rest waits in the network."""
_BUFFERS_PER_WRITE = 512
"""Below every system's IOV_MAX."""

Item = bytes | Marker
"""A DATA payload or a marker."""


class ConnectionClosed(TracekitError):
    """The client is gone, or the server is stopping."""


class BreakRequested(TracekitError):
    """The client sent a break: the current call ends with ORA-01013."""


class Connection:
    """Packets to and from one client.

    Args:
        sock: The accepted socket; owned from now on.
        name: How log lines call this client.
        watcher: Looks for breaks while a call runs.
        login_seconds: How long the client may take until `admit` is called.
    """

    def __init__(
        self, sock: socket.socket, name: str, watcher: Watcher, login_seconds: float
    ) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.name = name
        self._socket = sock
        self._watcher = watcher
        self._deadline: float | None = time.monotonic() + login_seconds
        self._packets = PacketReader(LONGEST_LOGIN_PACKET)
        self._receive_bytes = _FIRST_RECEIVE_BYTES
        self._early: list[Packet] = []
        self._inbox: deque[Item] = deque()
        self._waiting_bytes = 0
        self._end_reason = "closed by the client"
        self._ended: str | None = None
        self._lock = threading.Lock()
        self._in_call = False
        self._watched = False
        self._break_pending = False
        self._interrupt: Callable[[], None] | None = None

    def receive_short(self) -> Packet:
        """The next packet while lengths are short.

        Raises:
            ConnectionClosed: the client went away, or took too long.
            RemoteWireError: what came is not a packet.
        """
        while not self._early:
            self._early += self._packets.feed(self._receive())
        return self._early.pop(0)

    def accept(self, packet: bytes) -> None:
        """Send the ACCEPT; from now on lengths are long.

        Raises:
            RemoteWireError: the client went on before it was accepted.
        """
        if self._early:
            raise RemoteWireError("the client went on before its connection was accepted")
        self._packets.long_lengths = True
        self.send([packet])

    def admit(self) -> None:
        """The client has logged on: it may take its time, and send large packets."""
        self._deadline = None
        self._socket.settimeout(None)
        self._packets.longest_bytes = LONGEST_PACKET

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Write `buffers` one after the other, in few system calls.

        Raises:
            ConnectionClosed: the client went away.
        """
        try:
            for start in range(0, len(buffers), _BUFFERS_PER_WRITE):
                self._send_some(buffers[start : start + _BUFFERS_PER_WRITE])
        except OSError as exc:
            raise ConnectionClosed(f"could not be written to: {exc}") from exc

    def next_payload(self) -> bytes:
        """What the next DATA packet carries; waits for it. Not to be called during a call.

        Raises:
            BreakRequested: a break came instead.
            ConnectionClosed: nothing more will come.
        """
        while True:
            item = self._next_item()
            if isinstance(item, bytes):
                return item
            if item is not Marker.RESET:  # one left over from an exchange means nothing
                raise BreakRequested

    def begin_call(self, interrupt: Callable[[], None]) -> None:
        """A call starts; `interrupt` makes it end early."""
        with self._lock:
            self._in_call = True
            self._interrupt = interrupt
            self._watched = self._ended is None
            if self._watched:
                self._watcher.watch(self._socket, self)

    def end_call(self) -> None:
        """The call is over: it is not interrupted any more once this returns."""
        with self._lock:
            self._in_call = False
            self._unwatch()

    def check(self) -> None:
        """Let a call continue only if the client still needs it.

        Raises:
            BreakRequested: a break came.
            ConnectionClosed: the client went away.
        """
        if self._ended is not None:
            raise ConnectionClosed(f"the client went away during a call: {self._ended}")
        if self._break_pending:
            raise BreakRequested

    def exchange_reset(self) -> None:
        """Answer a break: break marker out, wait for the reset marker, reset marker out.

        Everything the client sent before its reset is dropped.

        Raises:
            ConnectionClosed: the client went away.
        """
        self.end_call()
        self.send([make_marker(Marker.BREAK)])
        while self._next_item() is not Marker.RESET:
            pass
        self._break_pending = False
        self.send([make_marker(Marker.RESET)])

    def ignore_client(self) -> NoReturn:
        """Take whatever the client sends, and answer nothing, until it leaves.

        Raises:
            ConnectionClosed: it left.
        """
        self.end_call()
        self.admit()
        while True:
            self._receive()

    def hang_up(self, reason: str) -> None:
        """End the connection from any thread; its reader notices."""
        self._end_reason = reason
        with contextlib.suppress(OSError):  # already gone
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket; called by the session's thread, last of all."""
        self.end_call()
        self.hang_up("closed")
        self._socket.close()

    def look(self) -> bool:
        """Take what has arrived while a call runs (`Watched`)."""
        with self._lock:
            if not self._in_call:
                return False
            try:
                self._take_in(self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return False
            except OSError as exc:
                self._ended = f"could not be read: {exc}"
            if self._ended is not None or self._waiting_bytes > _MOST_WAITING_BYTES:
                self._unwatch()
            return self._ended is not None or self._break_pending

    def urge(self) -> bool:
        """Interrupt the running call, unless it is over or another one (`Watched`)."""
        with self._lock:
            urgent = self._in_call and (self._break_pending or self._ended is not None)
            if urgent and self._interrupt is not None:
                self._interrupt()
            return urgent

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._watcher.forget(self._socket)

    def _receive(self) -> bytes:
        """What the client sent, waiting for it.

        Raises:
            ConnectionClosed: nothing more will come, or not in time.
        """
        try:
            if self._deadline is not None:
                self._socket.settimeout(max(self._deadline - time.monotonic(), 0.001))
            data = self._socket.recv(self._receive_bytes)
        except TimeoutError:
            raise ConnectionClosed("took too long to log on") from None
        except OSError as exc:
            raise ConnectionClosed(f"could not be read: {exc}") from exc
        if not data:
            raise ConnectionClosed(self._end_reason)
        filled = len(data) >= self._receive_bytes
        self._receive_bytes = _RECEIVE_BYTES if filled else _FIRST_RECEIVE_BYTES
        return data

    def _send_some(self, buffers: Sequence[bytes | memoryview]) -> None:
        total = sum(map(len, buffers))
        sent = self._socket.sendmsg(buffers)
        if sent < total:  # a blocking socket takes all of it, unless a signal came
            self._socket.sendall(memoryview(b"".join(buffers))[sent:])

    def _next_item(self) -> Item:
        while not self._inbox:
            if self._ended is not None:
                raise ConnectionClosed(self._ended)
            self._take_in(self._receive())
        item = self._inbox.popleft()
        if isinstance(item, bytes):
            self._waiting_bytes -= len(item)
        return item

    def _take_in(self, data: bytes) -> None:
        """Put what `data` completes into the inbox; nothing at all is the end."""
        try:
            for packet in self._packets.feed(data):
                self._take(packet)
        except RemoteWireError as exc:
            self._ended = f"unreadable: {exc}"
            _log.warning("%s: %s", self.name, self._ended)
        if not data:
            self._ended = self._end_reason

    def _take(self, packet: Packet) -> None:
        if packet.type == PacketType.DATA:
            if packet.data_flags & DATA_FLAG_EOF:
                self._ended = self._end_reason
            elif packet.payload:
                self._inbox.append(packet.payload)
                self._waiting_bytes += len(packet.payload)
        elif packet.type == PacketType.MARKER:
            marker = packet.marker
            if self._deadline is not None and marker is not Marker.RESET:
                raise RemoteWireError("a break from a client that has not logged on")
            self._inbox.append(marker)
            self._break_pending = self._break_pending or marker is not Marker.RESET
        elif packet.type != PacketType.CONTROL:
            raise RemoteWireError(f"packet type {packet.type} in an open connection")
