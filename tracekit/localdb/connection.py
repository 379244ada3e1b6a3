"""A client's socket: packets in, buffers out, breaks in between.

A session's thread reads the socket itself between calls. During a call, the server's watcher reads
what arrives: requests of a pipeline wait in the inbox; a break or the end of the connection
interrupts the database, repeatedly, until the session's thread acknowledges it.
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
"""The receive size once a client has filled the smaller buffer; idle clients hold only that one."""
_MOST_WAITING_BYTES = 16 << 20
"""The limit for a pipeline's requests behind a running call; more stay in the network."""
_BUFFERS_PER_WRITE = 512
"""Less than IOV_MAX on every system."""

Item = bytes | Marker
"""The payload of a DATA packet, or a marker."""


class ConnectionClosed(TracekitError):
    """The client has disconnected, or the server is stopping."""


class BreakRequested(TracekitError):
    """The client sent a break: the current call ends with ORA-01013."""


class Connection:
    """Sends and receives a client's packets.

    Args:
        sock: The accepted socket; this object closes it.
        name: The client's name in log messages.
        watcher: Reads the socket during calls.
        login_seconds: The time limit for log-on, which `admit` lifts.
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
        """Return the next packet with a 16-bit length.

        Raises:
            ConnectionClosed: the client disconnected or took too long.
            RemoteWireError: the data are not a packet.
        """
        while not self._early:
            self._early += self._packets.feed(self._receive())
        return self._early.pop(0)

    def accept(self, packet: bytes) -> None:
        """Send the ACCEPT packet; lengths have 32 bits afterwards.

        Raises:
            RemoteWireError: the client sent more before it was accepted.
        """
        if self._early:
            raise RemoteWireError("the client sent more data before its connection was accepted")
        self._packets.long_lengths = True
        self.send([packet])

    def admit(self) -> None:
        """Lift the limits on time and packet size after log-on."""
        self._deadline = None
        self._socket.settimeout(None)
        self._packets.longest_bytes = LONGEST_PACKET

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Write `buffers` one after the other, in few system calls.

        Raises:
            ConnectionClosed: the client disconnected.
        """
        try:
            for start in range(0, len(buffers), _BUFFERS_PER_WRITE):
                self._send_some(buffers[start : start + _BUFFERS_PER_WRITE])
        except OSError as exc:
            raise ConnectionClosed(f"cannot be written to: {exc}") from exc

    def next_payload(self) -> bytes:
        """Wait for the next DATA packet and return its payload. Must not be called during a call.

        Raises:
            BreakRequested: a break arrived instead.
            ConnectionClosed: the connection has ended.
        """
        while True:
            item = self._next_item()
            if isinstance(item, bytes):
                return item
            if item is not Marker.RESET:  # a leftover of a marker exchange is ignored
                raise BreakRequested

    def begin_call(self, interrupt: Callable[[], None]) -> None:
        """Start a call; `interrupt` makes it end early."""
        with self._lock:
            self._in_call = True
            self._interrupt = interrupt
            self._watched = self._ended is None
            if self._watched:
                self._watcher.watch(self._socket, self)

    def end_call(self) -> None:
        """End a call; it is not interrupted after this returns."""
        with self._lock:
            self._in_call = False
            self._unwatch()

    def check(self) -> None:
        """Raise an error if the client no longer needs the running call.

        Raises:
            BreakRequested: a break arrived.
            ConnectionClosed: the client disconnected.
        """
        if self._ended is not None:
            raise ConnectionClosed(f"the client disconnected during a call: {self._ended}")
        if self._break_pending:
            raise BreakRequested

    def exchange_reset(self) -> None:
        """Answer a break: send a break marker, wait for the reset marker, send a reset marker.

        Drops everything that the client sent before its reset.

        Raises:
            ConnectionClosed: the client disconnected.
        """
        self.end_call()
        self.send([make_marker(Marker.BREAK)])
        while self._next_item() is not Marker.RESET:
            pass
        self._break_pending = False
        self.send([make_marker(Marker.RESET)])

    def ignore_client(self) -> NoReturn:
        """Read and ignore what the client sends, without replying, until it disconnects.

        Raises:
            ConnectionClosed: the client disconnected.
        """
        self.end_call()
        self.admit()
        while True:
            self._receive()

    def hang_up(self, reason: str) -> None:
        """End the connection from any thread; the reading thread notices."""
        self._end_reason = reason
        with contextlib.suppress(OSError):  # already closed
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; the session's thread calls this last."""
        self.end_call()
        self.hang_up("closed")
        self._socket.close()

    def read_available(self) -> bool:
        """Read what has arrived during a call (`Watched`)."""
        with self._lock:
            if not self._in_call:
                return False
            try:
                self._take_in(self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return False
            except OSError as exc:
                self._ended = f"cannot be read: {exc}"
            if self._ended is not None or self._waiting_bytes > _MOST_WAITING_BYTES:
                self._unwatch()
            return self._ended is not None or self._break_pending

    def interrupt_call(self) -> bool:
        """Interrupt the running call, unless it has ended or is another one (`Watched`)."""
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
        """Wait for data from the client.

        Raises:
            ConnectionClosed: the connection has ended, or nothing arrived in time.
        """
        try:
            if self._deadline is not None:
                self._socket.settimeout(max(self._deadline - time.monotonic(), 0.001))
            data = self._socket.recv(self._receive_bytes)
        except TimeoutError:
            raise ConnectionClosed("took too long to log on") from None
        except OSError as exc:
            raise ConnectionClosed(f"cannot be read: {exc}") from exc
        if not data:
            raise ConnectionClosed(self._end_reason)
        filled = len(data) >= self._receive_bytes
        self._receive_bytes = _RECEIVE_BYTES if filled else _FIRST_RECEIVE_BYTES
        return data

    def _send_some(self, buffers: Sequence[bytes | memoryview]) -> None:
        total = sum(map(len, buffers))
        sent = self._socket.sendmsg(buffers)
        if sent < total:  # a blocking socket sends everything, unless interrupted by a signal
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
        """Put the packets that `data` completes in the inbox; no data means the end."""
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
