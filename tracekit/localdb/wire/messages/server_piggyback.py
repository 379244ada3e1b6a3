"""Messages that the server adds to a reply (`_process_server_side_piggyback` in `base.pyx`)."""

from __future__ import annotations

from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcWriter

_SYNC = 5
_CURRENT_SCHEMA = 168


def make_current_schema(schema: str) -> bytes:
    """Report a change of the session's current schema."""
    writer = TtcWriter()
    writer.u8(MessageType.SERVER_PIGGYBACK, _SYNC)
    writer.ub(0)
    writer.u8(0)
    writer.ub(1)
    writer.u8(0)
    writer.bytes2(schema.encode("utf-8"))
    writer.ub(0, _CURRENT_SCHEMA, 0)
    return bytes(writer)
