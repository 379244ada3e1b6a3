"""Packets: split a byte stream into packets, and pack messages into DATA packets.

A packet has eight header bytes: its length (16 bits and a checksum before ACCEPT is sent, 32 bits
afterwards), type, flags and two zero bytes. The body of a DATA packet starts with two bytes of
flags.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from tracekit.errors import RemoteWireError

HEADER_BYTES = 8
DATA_HEADER_BYTES = 10
"""The header and flags before a DATA packet's payload."""
MAX_SDU = 2 << 20
MIN_SDU = 512
LONGEST_PACKET = MAX_SDU + 64
LONGEST_LOGIN_PACKET = 64 << 10
"""The maximum size of a packet before log-on, to limit what a client can make the server hold."""

DATA_FLAG_EOF = 0x0040
"""The client is about to close the connection."""
DATA_FLAG_END_OF_RESPONSE = 0x2000
END_OF_RESPONSE = b"\x1d"
"""The message that ends a response if end-of-response was negotiated."""


class PacketType(IntEnum):
    """The type of a packet."""

    CONNECT = 1
    ACCEPT = 2
    REFUSE = 4
    DATA = 6
    MARKER = 12
    CONTROL = 14


class Marker(IntEnum):
    """The meaning of a MARKER packet."""

    BREAK = 1
    RESET = 2
    INTERRUPT = 3


class Packet(NamedTuple):
    """A packet without its header."""

    type: int
    body: bytes

    @property
    def data_flags(self) -> int:
        """The flags of a DATA packet.

        Raises:
            RemoteWireError: the packet is too short.
        """
        if len(self.body) < 2:
            raise RemoteWireError("a DATA packet without flags")
        return int.from_bytes(self.body[:2], "big")

    @property
    def payload(self) -> bytes:
        """The payload of a DATA packet."""
        return self.body[2:]

    @property
    def marker(self) -> Marker:
        """The marker in a MARKER packet.

        Raises:
            RemoteWireError: the marker is unknown.
        """
        if len(self.body) != 3 or self.body[2] not in (1, 2, 3):
            raise RemoteWireError(f"a marker of unknown form ({len(self.body)} bytes)")
        return Marker(self.body[2])


class PacketReader:
    """Splits a byte stream into packets; `long_lengths` is set once ACCEPT was sent.

    `longest_bytes` limits the size of a packet, because clients are not trusted before log-on.
    """

    def __init__(self, longest_bytes: int = LONGEST_PACKET) -> None:
        self.long_lengths = False
        self.longest_bytes = longest_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that `data` completes.

        Raises:
            RemoteWireError: the bytes are not a packet.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            length = self._length()
            if len(self._buffer) < length:
                return
            packet = Packet(self._buffer[4], bytes(self._buffer[HEADER_BYTES:length]))
            del self._buffer[:length]
            yield packet

    def _length(self) -> int:
        length = int.from_bytes(self._buffer[: 4 if self.long_lengths else 2], "big")
        if not HEADER_BYTES <= length <= self.longest_bytes:
            raise RemoteWireError(f"a packet with a length of {length:,} bytes")
        if not self.long_lengths and self._buffer[4] not in (PacketType.CONNECT, PacketType.DATA):
            raise RemoteWireError(f"packet type {self._buffer[4]} before the connection is set up")
        return length


def make_short_packet(kind: PacketType, body: bytes) -> bytes:
    """Build a packet with a 16-bit length, such as ACCEPT and REFUSE."""
    return struct.pack(">HHBBH", HEADER_BYTES + len(body), 0, kind, 0, 0) + body


def make_marker(marker: Marker) -> bytes:
    """Build a MARKER packet."""
    return struct.pack(">IBBHBBB", HEADER_BYTES + 3, PacketType.MARKER, 0, 0, 1, 0, marker)


class DataPacker:
    """Packs message parts into DATA packets of at most `sdu` bytes, without copying them.

    `take` and `finish` return lists of buffers to write one after the other. Each list has whole
    packets only, so a response can stop after any of them.
    """

    def __init__(self, sdu: int) -> None:
        self._room = sdu - DATA_HEADER_BYTES
        self._full_header = _data_header(self._room, 0)
        self._ready: list[bytes | memoryview] = []
        self._ready_bytes = 0
        self._open: list[bytes | memoryview] = []
        self._open_bytes = 0

    @property
    def ready_bytes(self) -> int:
        """The size of the packets that `take` would return."""
        return self._ready_bytes

    def add(self, part: bytes | memoryview) -> None:
        """Append `part` to the stream of messages."""
        size = len(part)
        if self._open_bytes + size <= self._room:
            self._open.append(part)
            self._open_bytes += size
            return
        view = memoryview(part)
        start = self._room - self._open_bytes
        if start:
            self._open.append(view[:start])
            self._open_bytes = self._room
        self._close(self._full_header)
        # Keep the last packet open even if it is full: it can be the end of the response.
        last = start + (size - start - 1) // self._room * self._room
        for place in range(start, last, self._room):
            self._ready += (self._full_header, view[place : place + self._room])
        self._ready_bytes += (last - start) // self._room * (DATA_HEADER_BYTES + self._room)
        self._open = [view[last:]]
        self._open_bytes = size - last

    def take(self) -> list[bytes | memoryview]:
        """The full packets so far; an unfinished one is kept."""
        ready, self._ready, self._ready_bytes = self._ready, [], 0
        return ready

    def finish(self, *, end_of_response: bool) -> list[bytes | memoryview]:
        """The remaining packets; marks the end of the response if that was negotiated."""
        flags = 0
        if end_of_response:
            self.add(END_OF_RESPONSE)
            flags = DATA_FLAG_END_OF_RESPONSE
        if self._open_bytes:
            self._close(_data_header(self._open_bytes, flags))
        return self.take()

    def _close(self, header: bytes) -> None:
        self._ready.append(header)
        self._ready += self._open
        self._ready_bytes += DATA_HEADER_BYTES + self._open_bytes
        self._open = []
        self._open_bytes = 0


_DATA_HEADER = struct.Struct(">IBBHH")


def _data_header(payload_bytes: int, flags: int) -> bytes:
    return _DATA_HEADER.pack(DATA_HEADER_BYTES + payload_bytes, PacketType.DATA, 0, 0, flags)
