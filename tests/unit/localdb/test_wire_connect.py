from __future__ import annotations

import struct

import pytest

from tests.unit.localdb.wire_samples import every_way, never_too_short
from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import (
    ClientCapabilities,
    make_compile_caps,
    make_runtime_caps,
    parse_client_capabilities,
)
from tracekit.localdb.wire.messages.auth import AuthRequest, fold_user, parse_auth
from tracekit.localdb.wire.messages.connect import (
    ConnectTarget,
    make_accept,
    make_refuse,
    parse_connect,
    parse_connect_data,
)
from tracekit.localdb.wire.messages.data_types import make_data_types, parse_data_types
from tracekit.localdb.wire.messages.fast_auth import FastAuthRequest, parse_fast_auth
from tracekit.localdb.wire.messages.protocol import make_protocol, parse_protocol
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter

DATA = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=TRACEKIT)(CID=(PROGRAM=x))))"


def _connect(data: bytes = DATA, *, inline: bool = True, sdu: int = 8192, tdu: int = 8192) -> bytes:
    head = struct.pack(
        ">HHHHHHHHHHIBB24xIIII",
        *(319, 300, 0x0401, min(sdu, 65535), min(tdu, 65535), 0x4F98, 0, 1),
        *(len(data), 74, 0, 0x84, 0x84, sdu, tdu, 0, 1),
    )
    assert len(head) == 66
    return head + (data if inline else b"")


def test_connect() -> None:
    request = parse_connect(_connect())
    assert (request.version, request.sdu, request.tdu) == (319, 8192, 8192)
    assert request.data == DATA
    assert not request.needs_more


def test_long_connect_data_comes_later() -> None:
    request = parse_connect(_connect(b"x" * 400, inline=False))
    assert request.needs_more


@pytest.mark.parametrize(("asked", "given"), [(0, 512), (100, 512), (2**31, 2**21), (65535, 65535)])
def test_the_packet_size_is_kept_in_bounds(asked: int, given: int) -> None:
    head = bytearray(_connect(sdu=max(asked, 1)))
    head[50:54] = asked.to_bytes(4, "big")
    head[6:8] = min(asked, 65535).to_bytes(2, "big")
    assert parse_connect(bytes(head)).sdu == given


@pytest.mark.parametrize("length", range(26))
def test_a_short_connect_is_refused(length: int) -> None:
    with pytest.raises(RemoteWireError):
        parse_connect(_connect()[:length])


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (DATA, ConnectTarget(service="TRACEKIT")),
        (b"(description=(connect_data=(sid = ORCL )))", ConnectTarget(sid="ORCL")),
        (b"(DESCRIPTION=(CONNECT_DATA=))", ConnectTarget()),
        (b"\xff\xfe(SERVICE_NAME=A)", ConnectTarget(service="A")),
        (b"", ConnectTarget()),
    ],
)
def test_connect_data(data: bytes, target: ConnectTarget) -> None:
    assert parse_connect_data(data) == target


def test_accept_offers_no_encryption_and_a_legal_tdu() -> None:
    packet = make_accept(parse_connect(_connect(tdu=0)), 319, flags2=0x12000000)
    assert len(packet) == 45
    assert packet[:5] == bytes([0, 45, 0, 0, 2])
    assert packet[22:24] == b"\x08\x08"
    assert struct.unpack_from(">HH", packet, 8) == (319, 1)
    assert struct.unpack_from(">IIBI", packet, 32) == (8192, 255, 0, 0x12000000)


def test_clients_older_than_318_get_no_flags() -> None:
    packet = make_accept(parse_connect(_connect()), 317, flags2=0x02000000)
    assert packet[41:45] == bytes(4)


def test_refuse_names_the_error_where_every_client_looks() -> None:
    packet = make_refuse(12514)
    assert packet[4] == 4
    assert b"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=12514)" in packet
    assert int.from_bytes(packet[10:12], "big") == len(packet) - 12


PROTOCOL = b"\x01\x06\x00python-oracledb\x00"


def test_protocol_request() -> None:
    assert every_way(PROTOCOL, parse_protocol) == "python-oracledb"
    never_too_short(PROTOCOL, parse_protocol)


def test_an_endless_driver_name_is_refused() -> None:
    with pytest.raises(RemoteWireError):
        parse_protocol(TtcReader(b"\x01\x06\x00", refill=lambda: b"a" * 100))


def test_protocol_reply() -> None:
    reader = TtcReader(make_protocol("banner", 24, end_of_response=True))
    assert (reader.u8(), reader.u8(), reader.u8()) == (1, 6, 0)
    assert reader.raw(7) == b"banner\0"
    assert reader.u16le() == 873
    assert (reader.u8(), reader.u16le()) == (0, 0)
    fdo = reader.raw(reader.u16be())
    at = 6 + fdo[5] + fdo[6]
    assert int.from_bytes(fdo[at + 3 : at + 5], "big") == 2000
    compile_caps, runtime_caps = reader.bytes_(), reader.bytes_()
    assert (len(compile_caps), compile_caps[7], compile_caps[40] & 0x20) == (55, 24, 0x20)
    assert runtime_caps[6] & 0x04
    assert reader.available == 0


def test_a_long_banner_is_cut() -> None:
    assert make_protocol("b" * 99, 24, end_of_response=False)[3:51] == b"b" * 47 + b"\0"


def _data_types(*, time_zone: bool = False) -> bytes:
    runtime = bytearray(make_runtime_caps())
    runtime[1] = time_zone
    writer = TtcWriter()
    writer.raw(b"\x02\x69\x03\x69\x03\x03")
    writer.bytes_(make_compile_caps(24, end_of_response=True))
    writer.bytes_(bytes(runtime))
    writer.raw(bytes(11) if time_zone else b"")
    for value in (1, 1, 1, 0, 2, 2, 10, 0, 3, 0, 0):
        writer.u16be(value)
    return bytes(writer)


@pytest.mark.parametrize("time_zone", [False, True])
def test_data_types_request(time_zone: bool) -> None:
    found = every_way(_data_types(time_zone=time_zone), parse_data_types)
    assert found == ClientCapabilities(24, end_of_response=True, sends_time_zone=time_zone)
    never_too_short(_data_types(time_zone=time_zone), parse_data_types)
    assert make_data_types() == b"\x02\x00\x00"


def test_capabilities_nobody_can_talk_with() -> None:
    old = bytearray(make_compile_caps(6, end_of_response=False))
    with pytest.raises(RemoteWireError, match="older than Oracle 12"):
        parse_client_capabilities(bytes(old), bytes(13))
    old[7], old[37] = 12, 0
    with pytest.raises(RemoteWireError, match="chunk"):
        parse_client_capabilities(bytes(old), bytes(13))
    with pytest.raises(RemoteWireError, match="too short"):
        parse_client_capabilities(bytes(40), bytes(13))


def _auth(pairs: dict[str, str], user: str = "scott") -> bytes:
    writer = TtcWriter()
    writer.u8(1)
    writer.ub(len(user), 0x101)
    writer.u8(1)
    writer.ub(len(pairs))
    writer.u8(1, 1)
    writer.bytes_(user.encode())
    for key, value in pairs.items():
        writer.bytes2(key.encode())
        writer.bytes2(value.encode())
        writer.ub(1)
    return bytes(writer)


def test_auth_request() -> None:
    body = _auth({"AUTH_SID": "me", "AUTH_APPCTX_ATTR\0": "a\0", "AUTH_TERMINAL": ""})
    found = every_way(body, parse_auth)
    expected = {"AUTH_SID": "me", "AUTH_APPCTX_ATTR": "a", "AUTH_TERMINAL": ""}
    assert found == AuthRequest("SCOTT", 0x101, expected)
    never_too_short(body, parse_auth)
    assert "me" not in repr(found)


@pytest.mark.parametrize(
    ("given", "known"), [("scott", "SCOTT"), ('"Scott"', "Scott"), ('"', '"'), ("", "")]
)
def test_user_names_fold_unless_quoted(given: str, known: str) -> None:
    assert fold_user(given) == known


def test_fast_auth() -> None:
    body = (
        b"\x22\x01\x01\x00" + PROTOCOL + bytes(5) + b"\x0d" + _data_types() + b"\x03\x76\x01"
    ) + _auth({"AUTH_PID": "1"})
    found = every_way(body, parse_fast_auth)
    assert found == FastAuthRequest(
        "python-oracledb",
        ClientCapabilities(24, end_of_response=True, sends_time_zone=False),
        AuthRequest("SCOTT", 0x101, {"AUTH_PID": "1"}),
    )
