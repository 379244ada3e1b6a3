"""LOB operation requests (`impl/thin/messages/lob_op.pyx`)."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcReader

_CREATE_TEMP = 0x110
_WRITE = 0x40


@dataclass(frozen=True)
class LobOpRequest:
    """Function 96."""

    operation: int
    locator: bytes


def parse_lob_op(reader: TtcReader) -> LobOpRequest:
    """The body of function 96, data to be written included."""
    reader.skip(1)
    locator_bytes = reader.ub4()
    reader.skip(1)
    for _ in range(3):
        reader.ub4()
    reader.skip(3)
    operation = reader.ub4()
    reader.skip(2)
    reader.ub8()
    reader.ub8()
    sends_amount = reader.u8()
    reader.skip(6)
    locator = reader.raw(locator_bytes)
    if operation == _CREATE_TEMP:
        reader.ub4()
    if operation == _WRITE and reader.u8() == MessageType.LOB_DATA:
        reader.bytes_()
    if sends_amount:
        reader.ub8()
    return LobOpRequest(operation, locator)
