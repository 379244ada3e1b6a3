"""CONNECT, ACCEPT and REFUSE (`impl/thin/messages/connect.pyx`)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import VERSION_FLAGS2
from tracekit.localdb.wire.packets import (
    HEADER_BYTES,
    MAX_SDU,
    MIN_SDU,
    PacketType,
    make_short_packet,
)

ERR_UNKNOWN_SID = 12505
ERR_NO_SERVICE = 12504
ERR_UNKNOWN_SERVICE = 12514
ERR_NO_HANDLER = 12519
"""The listener's error when no process can serve another client."""
ERR_INCOMPATIBLE_VERSION = 12618

FLAG_END_OF_RESPONSE = 0x02000000
FLAG_FAST_AUTH = 0x10000000

_LARGE_SDU_END = 58
_MIN_TDU, _MAX_TDU = 255, 2_097_152
_NA_DISABLED = 0x08
_ACCEPT_BYTES = 45
_KEY = re.compile(r"\(\s*(SERVICE_NAME|SID)\s*=([^()]*)\)", re.IGNORECASE)


@dataclass(frozen=True)
class ConnectRequest:
    """A client's CONNECT request."""

    version: int
    sdu: int
    tdu: int
    data: bytes
    """The connect data, or the part of it in the packet itself."""
    data_bytes: int
    """The length of the connect data; if `data` is shorter, the data follow in a DATA packet."""

    @property
    def needs_more(self) -> bool:
        """Whether the connect data come in another packet."""
        return self.data_bytes > len(self.data)


@dataclass(frozen=True)
class ConnectTarget:
    """The database that a client requests: a service, a SID, or neither."""

    service: str | None = None
    sid: str | None = None


def parse_connect(body: bytes) -> ConnectRequest:
    """Parse the body of a CONNECT packet.

    Raises:
        RemoteWireError: the body is too short, or its connect data lie outside it.
    """
    if len(body) < 26:
        raise RemoteWireError(f"a CONNECT of {len(body)} bytes")
    version, _, _, sdu, tdu = struct.unpack_from(">HHHHH", body, 0)
    data_bytes, offset = struct.unpack_from(">HH", body, 16)
    if offset - HEADER_BYTES >= _LARGE_SDU_END and len(body) >= _LARGE_SDU_END:
        large_sdu, large_tdu = struct.unpack_from(">II", body, 50)
        sdu, tdu = large_sdu or sdu, large_tdu or tdu
    start = max(offset - HEADER_BYTES, 0)
    return ConnectRequest(
        version=version,
        sdu=min(max(sdu, MIN_SDU), MAX_SDU),
        tdu=min(max(tdu, _MIN_TDU), _MAX_TDU),
        data=body[start : start + data_bytes],
        data_bytes=data_bytes,
    )


def parse_connect_data(data: bytes) -> ConnectTarget:
    """The service or SID in a connect descriptor."""
    pairs = _KEY.findall(data.decode("utf-8", "replace"))
    found = {key.upper(): value.strip() for key, value in pairs}
    return ConnectTarget(found.get("SERVICE_NAME"), found.get("SID"))


def make_accept(request: ConnectRequest, version: int, *, flags2: int) -> bytes:
    """Build the ACCEPT packet: no native encryption, out-of-band breaks or compression.

    Native encryption must be disabled in both flag bytes and the TDU must be valid. Otherwise
    node-oracledb starts an encryption handshake.
    """
    body = struct.pack(
        ">HHHHHHHBB8xIIBI",
        version,
        1,
        min(request.sdu, 65_535),
        min(request.tdu, 65_535),
        0x0100,
        0,
        _ACCEPT_BYTES,
        _NA_DISABLED,
        _NA_DISABLED,
        request.sdu,
        request.tdu,
        0,
        flags2 if version >= VERSION_FLAGS2 else 0,
    )
    return make_short_packet(PacketType.ACCEPT, body)


def make_refuse(error: int) -> bytes:
    """Build the REFUSE packet with a listener's error number."""
    text = (
        f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={error})(ERROR_STACK=(ERROR=(CODE={error})(EMFI=4))))"
    ).encode("ascii")
    return make_short_packet(PacketType.REFUSE, struct.pack(">BBH", 34, 0, len(text)) + text)
