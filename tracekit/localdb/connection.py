"""One client's socket: packets in through a thread of its own, buffers out, breaks in between.

A break has to be seen while a query runs, so a reader thread receives everything and the session's
thread takes it from an inbox. When a break or the end of the connection arrives during a call, the
reader interrupts the database, again and again, until the session's thread has acknowledged it: a
single interrupt that comes just before a query starts would be lost.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

from tracekit.errors import RemoteWireError
from tracekit.localdb.inbox import Closed, Inbox, Item
from tracekit.localdb.wire.packets import (
    DATA_FLAG_EOF,
    Marker,
    Packet,
    PacketReader,
    PacketType,
    make_marker,
)

_log = logging.getLogger(__name__)

_RECEIVE_BYTES = 256 << 10
_BUFFERS_PER_WRITE = 512
"""Below every system's IOV_MAX."""
_URGE_SECONDS = 0.02


class ConnectionClosed(Exception):
    """The client is gone, or the server is stopping."""


class BreakRequested(Exception):
    """The client sent a break: the current call ends with ORA-01013."""


class Connection:
    """Packets to and from one client.

    Args:
        sock: the accepted socket; owned from now on.
        name: how log lines call this client.
    """

    def __init__(self, sock: socket.socket, name: str) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.name = name
        self._socket = sock
        self._packets = PacketReader()
        self._early: list[Packet] = []
        self._end_reason = "closed by the client"
        self._inbox = Inbox()
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()
        self._acknowledged = threading.Event()
        self._break_pending = False
        self._closed_pending = False
        self._in_call = False
        self._interrupt: Callable[[], None] | None = None

    def receive_short(self) -> Packet:
        """The next packet while lengths are short, read in the calling thread.

        Raises:
            ConnectionClosed: the client went away.
            RemoteWireError: what came is no packet.
        """
        while not self._early:
            self._early += self._packets.feed(self._receive())
        return self._early.pop(0)

    def accept(self, packet: bytes) -> None:
        """Send the ACCEPT; from now on lengths are long and a thread of its own reads.

        Raises:
            RemoteWireError: the client went on before it was accepted.
        """
        if self._early:
            raise RemoteWireError("the client went on before its connection was accepted")
        self._packets.long_lengths = True
        self.send([packet])
        self._reader = threading.Thread(
            target=self._read, name=f"localdb-read-{self.name}", daemon=True
        )
        self._reader.start()

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
        """What the next DATA packet carries; waits for it.

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

    def end_call(self) -> None:
        """The call is over: it is not interrupted any more once this returns."""
        with self._lock:
            self._in_call = False

    def check(self) -> None:
        """Let a call go on only if the client still wants it.

        Raises:
            BreakRequested: a break came.
            ConnectionClosed: the client went away.
        """
        if self._closed_pending:
            raise ConnectionClosed("the client went away during a call")
        if self._break_pending:
            raise BreakRequested

    def exchange_reset(self) -> None:
        """Answer a break: break marker out, wait for the reset marker, reset marker out.

        Everything the client sent before its reset is dropped.

        Raises:
            ConnectionClosed: the client went away.
        """
        self._acknowledge()
        self.send([make_marker(Marker.BREAK)])
        while self._next_item() is not Marker.RESET:
            self._acknowledge()
        self.send([make_marker(Marker.RESET)])

    def ignore_client(self) -> NoReturn:
        """Take whatever the client sends, and answer nothing, until it leaves.

        Raises:
            ConnectionClosed: it left.
        """
        self._acknowledge()
        while True:
            if self._reader is None:
                self._receive()
            else:
                self._next_item()

    def hang_up(self, reason: str) -> None:
        """End the connection from any thread; its own threads notice and finish."""
        self._end_reason = reason
        with contextlib.suppress(OSError):  # already gone
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket and end the reader; called by the session's thread, last of all."""
        self._acknowledge()
        self.hang_up("closed")
        if self._reader is not None:
            self._inbox.put(Closed("closed"))
            self._reader.join()
        self._socket.close()

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except OSError as exc:
            raise ConnectionClosed(f"could not be read: {exc}") from exc
        if not data:
            raise ConnectionClosed(self._end_reason)
        return data

    def _send_some(self, buffers: Sequence[bytes | memoryview]) -> None:
        total = sum(map(len, buffers))
        sent = self._socket.sendmsg(buffers)
        if sent < total:  # a blocking socket takes all of it, unless a signal came
            self._socket.sendall(memoryview(b"".join(buffers))[sent:])

    def _next_item(self) -> Item:
        item = self._inbox.get()
        if isinstance(item, Closed):
            raise ConnectionClosed(item.reason)
        return item

    def _acknowledge(self) -> None:
        with self._lock:
            self._in_call = False
            self._break_pending = False
            self._acknowledged.set()

    def _read(self) -> None:
        """The reader thread: receive until the end, then see that a running call ends too."""
        try:
            while True:
                for packet in self._packets.feed(self._receive()):
                    if not self._take(packet):
                        raise ConnectionClosed(self._end_reason)
        except ConnectionClosed as exc:
            reason = str(exc)
        except RemoteWireError as exc:
            reason = f"unreadable: {exc}"
            _log.warning("%s: %s", self.name, reason)
        self._closed_pending = True
        self._inbox.put(Closed(reason))
        self._urge()

    def _take(self, packet: Packet) -> bool:
        """Put one packet where it belongs; False at the end."""
        if packet.type == PacketType.DATA:
            if packet.data_flags & DATA_FLAG_EOF:
                return False
            if packet.payload:
                self._inbox.put(packet.payload)
        elif packet.type == PacketType.MARKER:
            marker = packet.marker
            if marker is not Marker.RESET:
                self._break_pending = True
            self._inbox.put(marker)
            if marker is not Marker.RESET:
                self._urge()
        elif packet.type != PacketType.CONTROL:
            raise RemoteWireError(f"packet type {packet.type} in an open connection")
        return True

    def _urge(self) -> None:
        """Interrupt the running call until its thread has acknowledged or ended it."""
        self._acknowledged.clear()
        while True:
            with self._lock:
                if not self._in_call or self._interrupt is None:
                    return
                self._interrupt()
            self._acknowledged.wait(_URGE_SECONDS)
