"""LOB operation requests and replies (`impl/thin/messages/lob_op.pyx`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from typing import Generic, Protocol, TypeVar

from tracekit.localdb.wire.capabilities import CHARSET_UTF8, CHARSET_UTF16
from tracekit.localdb.wire.locator import NATIONAL_FORM
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import CHUNK_BYTES, SHORT_LENGTH_MAX, TtcReader, TtcWriter


class LobOperation(IntEnum):
    """The LOB operations."""

    LENGTH = 0x1
    READ = 0x2
    TRIM = 0x20
    WRITE = 0x40
    CREATE_TEMPORARY = 0x110
    FREE_TEMPORARY = 0x111
    CHUNK_SIZE = 0x4000
    OPEN = 0x8000
    CLOSE = 0x10000
    IS_OPEN = 0x11000


class DataSink(Protocol):
    """Receives the data of a write, piece by piece."""

    def add(self, piece: bytes) -> None:
        """Receive the next piece."""


Sink = TypeVar("Sink", bound=DataSink)


@dataclass(frozen=True)
class LobOpRequest(Generic[Sink]):
    """Function 96: a LOB operation."""

    operation: int
    locator: bytes
    source_offset: int
    """Starting with 1, in UTF-16 units or bytes; for a new LOB, its charset form."""
    dest_offset: int
    """For a new LOB, its type."""
    amount: int | None
    """In UTF-16 units or bytes; None if the client neither sends nor expects it."""
    data: Sink
    """The data to write."""


def parse_lob_op(reader: TtcReader, data: Sink) -> LobOpRequest[Sink]:
    """Parse the body of function 96.

    Args:
        reader: A reader positioned after the function header.
        data: Receives the data to write, so that it need not fit in memory.

    Raises:
        RemoteWireError: the body is malformed.
    """
    reader.skip(1)
    locator_bytes = reader.ub4()
    reader.skip(1)
    for _ in range(3):
        reader.ub4()
    reader.skip(3)
    operation = reader.ub4()
    reader.skip(2)
    source_offset, dest_offset = reader.ub8(), reader.ub8()
    sends_amount = reader.u8()
    reader.skip(6)
    locator = reader.raw(locator_bytes)
    if operation == LobOperation.CREATE_TEMPORARY:
        reader.ub4()
    if operation == LobOperation.WRITE and reader.u8() == MessageType.LOB_DATA:
        for piece in reader.pieces():
            data.add(piece)
    amount = reader.ub8() if sends_amount else None
    return LobOpRequest(operation, locator, source_offset, dest_offset, amount, data)


def make_lob_reply(locator: bytes, amount: int | None) -> bytes:
    """The reply with the locator, and the amount if the client sent one."""
    writer = TtcWriter()
    writer.u8(MessageType.PARAMETER)
    writer.raw(locator)
    if amount is not None:
        writer.sb(amount)
    return bytes(writer)


def make_is_open_reply(locator: bytes, is_open: bool) -> bytes:
    """The reply that tells whether a LOB is open."""
    return make_lob_reply(locator, None) + bytes((is_open,))


def make_created_reply(locator: bytes, charset_form: int) -> bytes:
    """The reply with the locator of a new temporary LOB."""
    writer = TtcWriter()
    writer.raw(make_lob_reply(locator, None))
    writer.ub(CHARSET_UTF16 if charset_form == NATIONAL_FORM else CHARSET_UTF8)
    writer.u8(0)
    return bytes(writer)


def make_lob_data(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the message with a LOB's data in bounded parts; nothing if there is no data."""
    rest = iter(pieces)
    first = next(rest, b"")
    second = next(rest, None)
    if not first:
        return
    if second is None and len(first) <= SHORT_LENGTH_MAX:
        yield bytes((MessageType.LOB_DATA, len(first))) + first
        return
    yield bytes((MessageType.LOB_DATA, 0xFE))
    for piece in chain((first,), () if second is None else (second,), rest):
        yield _chunks(piece)
    yield b"\0"


def _chunks(piece: bytes) -> bytes:
    writer = TtcWriter()
    for start in range(0, len(piece), CHUNK_BYTES):
        chunk = piece[start : start + CHUNK_BYTES]
        writer.ub(len(chunk))
        writer.raw(chunk)
    return bytes(writer)
