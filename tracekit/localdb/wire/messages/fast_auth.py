"""Fast authentication: three requests in one message (`impl/thin/messages/fast_auth.pyx`)."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import ClientCapabilities
from tracekit.localdb.wire.messages.auth import AuthRequest, parse_auth
from tracekit.localdb.wire.messages.data_types import parse_data_types
from tracekit.localdb.wire.messages.functions import (
    FunctionCode,
    MessageType,
    expect_function,
)
from tracekit.localdb.wire.messages.protocol import parse_protocol
from tracekit.localdb.wire.primitives import TtcReader

_FIELD_VERSION = 13
"""The version in which this message itself is written, whatever is negotiated later."""


@dataclass(frozen=True)
class FastAuthRequest:
    """The protocol, the data types and the first phase of a login in one request."""

    driver: str
    capabilities: ClientCapabilities
    auth: AuthRequest


def parse_fast_auth(reader: TtcReader) -> FastAuthRequest:
    """Parse the fast authentication message, including its type byte.

    Raises:
        RemoteWireError: the message is malformed.
    """
    kind = reader.u8()
    if kind != MessageType.FAST_AUTH:
        raise RemoteWireError(f"message type {kind}; expected fast authentication")
    reader.skip(3)
    driver = parse_protocol(reader)
    reader.skip(6)
    capabilities = parse_data_types(reader)
    expect_function(reader, FunctionCode.AUTH_PHASE_ONE, _FIELD_VERSION)
    return FastAuthRequest(driver, capabilities, parse_auth(reader))
