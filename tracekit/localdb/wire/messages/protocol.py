"""The protocol message (`impl/thin/messages/protocol.pyx`)."""

from __future__ import annotations

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import (
    CHARSET_UTF8,
    CHARSET_UTF16,
    make_compile_caps,
    make_runtime_caps,
)
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter

_SERVER_VERSION = 6
_BANNER_BYTES = 47
"""node-oracledb misreads the fields after a longer banner."""
_NAME_BYTES = 256
_FDO = bytes([0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, *CHARSET_UTF16.to_bytes(2, "big"), 0, 0])


def parse_protocol(reader: TtcReader) -> str:
    """Parse the protocol message, including its type byte, and return the client driver's name.

    Raises:
        RemoteWireError: it is not a protocol message.
    """
    kind = reader.u8()
    if kind != MessageType.PROTOCOL:
        raise RemoteWireError(f"message type {kind}; expected the protocol message")
    _until_zero(reader)
    return _until_zero(reader).decode("utf-8", "replace")


def make_protocol(banner: str, field_version: int, *, end_of_response: bool) -> bytes:
    """Build the reply: character sets and the server's capabilities."""
    writer = TtcWriter()
    writer.u8(MessageType.PROTOCOL, _SERVER_VERSION, 0)
    writer.raw(banner.encode("ascii", "replace")[:_BANNER_BYTES] + b"\0")
    writer.u16le(CHARSET_UTF8)
    writer.u8(0)
    writer.u16le(0)
    writer.u16be(len(_FDO))
    writer.raw(_FDO)
    writer.bytes_(make_compile_caps(field_version, end_of_response=end_of_response))
    writer.bytes_(make_runtime_caps())
    return bytes(writer)


def _until_zero(reader: TtcReader) -> bytes:
    name = bytearray()
    while byte := reader.u8():
        name.append(byte)
        if len(name) > _NAME_BYTES:
            raise RemoteWireError(f"a name of more than {_NAME_BYTES} bytes")
    return bytes(name)
