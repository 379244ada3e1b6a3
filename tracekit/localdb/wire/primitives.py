"""Read and write the primitive fields of TTC, the protocol inside Oracle Net.

The layouts are those of `impl/base/buffer.pyx` and `impl/thin/packet.pyx` in python-oracledb. ub2,
ub4 and ub8 are a length byte and that many big-endian bytes; sb* have the sign in the length byte's
top bit. A bytes field is a length byte and the data, or 0xFE and chunks of ub4 length and data, up
to an empty chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from tracekit.errors import LocalWireError, RemoteWireError

LONG_LENGTH = 0xFE
"""The length byte before chunks."""
NULL_LENGTH = 0xFF
"""The length byte of a null; 0 is also a null."""
ESCAPE = 0xFD
"""The length byte before a null BOOLEAN."""
SHORT_LENGTH_MAX = 0xFC
CHUNK_BYTES = 32_767
PIECE_BYTES = 1 << 20
_SIGN = 0x80
_SMALL = (b"\0", *(bytes((1, value)) for value in range(1, 256)))
"""The most common integers as ub2, ub4 or ub8."""


def no_more_bytes() -> NoReturn:
    """The `refill` of a reader that gets no more data.

    Raises:
        RemoteWireError: always; the message is incomplete.
    """
    raise RemoteWireError("the message is incomplete")


class TtcReader:
    """Reads fields from a byte stream that arrives in pieces.

    Args:
        data: The first piece.
        refill: Called when a field needs more data; returns the next piece (never empty) or
            raises an exception.
        limit: The maximum number of bytes taken from `refill` before the next `start_message`,
            so that a client cannot fill memory by claiming a huge field.
    """

    __slots__ = ("_data", "_limit", "_pos", "_refill", "_refilled")

    def __init__(
        self,
        data: bytes = b"",
        refill: Callable[[], bytes] = no_more_bytes,
        limit: int = 1 << 30,
    ) -> None:
        self._data = data
        self._pos = 0
        self._refill = refill
        self._limit = limit
        self._refilled = 0

    @property
    def available(self) -> int:
        """The number of bytes that can be read without a refill."""
        return len(self._data) - self._pos

    def start_message(self, limit: int) -> None:
        """Start a message that may take at most `limit` more bytes from the stream."""
        self._limit = limit
        self._refilled = 0

    def peek(self) -> int:
        """The next byte, without consuming it."""
        value = self.u8()
        self._pos -= 1
        return value

    def discard(self) -> None:
        """Drop the bytes that are available."""
        self._data = b""
        self._pos = 0

    def raw(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._pos + count
        if end > len(self._data):
            self._gather(count)
            end = count
        piece = self._data[self._pos : end]
        self._pos = end
        return piece

    def skip(self, count: int) -> None:
        """Skip `count` bytes."""
        self.raw(count)

    def u8(self) -> int:
        """One raw byte."""
        if self._pos >= len(self._data):
            self._gather(1)
        value = self._data[self._pos]
        self._pos += 1
        return value

    def u16be(self) -> int:
        """Two raw bytes, big-endian."""
        return int.from_bytes(self.raw(2), "big")

    def u16le(self) -> int:
        """Two raw bytes, little-endian."""
        return int.from_bytes(self.raw(2), "little")

    def u32be(self) -> int:
        """Four raw bytes, big-endian."""
        return int.from_bytes(self.raw(4), "big")

    def ub2(self) -> int:
        """An unsigned integer of at most two bytes."""
        return self._unsigned(2)

    def ub4(self) -> int:
        """An unsigned integer of at most four bytes."""
        return self._unsigned(4)

    def ub8(self) -> int:
        """An unsigned integer of at most eight bytes."""
        return self._unsigned(8)

    def sb8(self) -> int:
        """A signed integer of at most eight bytes."""
        length = self.u8()
        value = self._integer(length & ~_SIGN, 8)
        return -value if length & _SIGN else value

    def bytes_(self) -> bytes:
        """Read bytes after a length byte or in chunks; a null is `b""`."""
        length = self.u8()
        if length <= SHORT_LENGTH_MAX:
            return self.raw(length)
        if length == LONG_LENGTH:
            return self._chunks()
        if length == NULL_LENGTH:
            return b""
        raise RemoteWireError(f"length byte {length:#04x} does not start a bytes field")

    def pieces(self) -> Iterator[bytes]:
        """Yield a bytes field in pieces of at most `PIECE_BYTES`; it need not fit in memory."""
        length = self.u8()
        if length == LONG_LENGTH:
            while left := self.ub4():
                while left:
                    piece = self.raw(min(left, PIECE_BYTES))
                    left -= len(piece)
                    yield piece
        elif length <= SHORT_LENGTH_MAX:
            yield self.raw(length)
        elif length != NULL_LENGTH:
            raise RemoteWireError(f"length byte {length:#04x} does not start a bytes field")

    def bytes2(self) -> bytes:
        """Read bytes after two lengths: ub4, then (unless it is 0) a bytes field."""
        return self.bytes_() if self.ub4() else b""

    def _unsigned(self, most: int) -> int:
        length = self.u8()
        return self._integer(length, most) if length else 0

    def _integer(self, length: int, most: int) -> int:
        if length > most:
            raise RemoteWireError(f"an integer of {length} bytes; expected at most {most}")
        return int.from_bytes(self.raw(length), "big")

    def _chunks(self) -> bytes:
        chunks = []
        while length := self.ub4():
            chunks.append(self.raw(length))
        return b"".join(chunks)

    def _gather(self, count: int) -> None:
        pieces = [self._data[self._pos :]]
        have = len(pieces[0])
        while have < count:
            piece = self._refill()
            self._refilled += len(piece)
            if self._refilled > self._limit:
                raise RemoteWireError(f"a message of more than {self._limit:,} bytes")
            pieces.append(piece)
            have += len(piece)
        self._data = b"".join(pieces)
        self._pos = 0


class TtcWriter:
    """Builds a message field by field; `bytes(writer)` returns it."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __bytes__(self) -> bytes:
        return bytes(self._buffer)

    def raw(self, data: bytes) -> None:
        """Write `data` unchanged."""
        self._buffer += data

    def u8(self, *values: int) -> None:
        """Each value as one raw byte."""
        self._buffer += bytes(values)

    def u16be(self, value: int) -> None:
        """Two raw bytes, big-endian."""
        self._buffer += value.to_bytes(2, "big")

    def u16le(self, value: int) -> None:
        """Two raw bytes, little-endian."""
        self._buffer += value.to_bytes(2, "little")

    def u32be(self, value: int) -> None:
        """Four raw bytes, big-endian."""
        self._buffer += value.to_bytes(4, "big")

    def ub(self, *values: int) -> None:
        """Write each value as ub2, ub4 or ub8, which are identical for values that fit."""
        for value in values:
            self._buffer += _SMALL[value] if 0 <= value < len(_SMALL) else _unsigned(value)

    def sb(self, value: int) -> None:
        """Write a value as sb2, sb4 or sb8."""
        start = len(self._buffer)
        self.ub(abs(value))
        if value < 0:
            self._buffer[start] |= _SIGN

    def bytes_(self, data: bytes) -> None:
        """Write bytes after a length byte, or in chunks if longer than 252; empty is null."""
        if len(data) <= SHORT_LENGTH_MAX:
            self._buffer.append(len(data))
            self._buffer += data
            return
        self._buffer.append(LONG_LENGTH)
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            self.ub(len(chunk))
            self._buffer += chunk
        self._buffer.append(0)

    def bytes2(self, data: bytes) -> None:
        """Write bytes after two lengths; empty is a single zero."""
        self.ub(len(data))
        if data:
            self.bytes_(data)


def _unsigned(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    if size > 8:
        raise LocalWireError(f"{value} does not fit into 8 bytes")
    return bytes((size,)) + value.to_bytes(size, "big")
