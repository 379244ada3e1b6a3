"""The data types message (`impl/thin/messages/data_types.pyx`)."""

from __future__ import annotations

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import ClientCapabilities, parse_client_capabilities
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcReader

_TIME_ZONE_BYTES = 11


def parse_data_types(reader: TtcReader) -> ClientCapabilities:
    """Parse the client's capabilities; its list of type representations is ignored.

    Raises:
        RemoteWireError: it is not a data types message, or the client is too old.
    """
    kind = reader.u8()
    if kind != MessageType.DATA_TYPES:
        raise RemoteWireError(f"message type {kind}; expected the data types message")
    reader.skip(5)
    capabilities = parse_client_capabilities(reader.bytes_(), reader.bytes_())
    if capabilities.sends_time_zone:
        reader.skip(_TIME_ZONE_BYTES)
    while reader.u16be():
        if reader.u16be():
            reader.skip(4)
    return capabilities


def make_data_types() -> bytes:
    """Build the reply: an empty list, so every type is in its universal representation."""
    return bytes([MessageType.DATA_TYPES, 0, 0])
