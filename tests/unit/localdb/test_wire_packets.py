from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.packets import (
    DataPacker,
    Marker,
    Packet,
    PacketReader,
    PacketType,
    make_marker,
    make_short_packet,
)


def _long(kind: int, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + bytes([kind, 0, 0, 0]) + body


def _reader() -> PacketReader:
    reader = PacketReader()
    reader.long_lengths = True
    return reader


@given(
    st.lists(st.tuples(st.sampled_from([6, 12, 14]), st.binary(max_size=40)), max_size=5),
    st.data(),
)
def test_packets_come_out_however_the_stream_is_cut(
    packets: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(_long(kind, body) for kind, body in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = _reader()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += list(reader.feed(stream[start:end]))
    assert found == [Packet(kind, body) for kind, body in packets]


def test_lengths_are_short_until_the_connection_is_accepted() -> None:
    reader = PacketReader()
    connect = make_short_packet(PacketType.CONNECT, b"hello")
    assert connect[:4] == bytes([0, 13, 0, 0])
    assert list(reader.feed(connect)) == [Packet(PacketType.CONNECT, b"hello")]
    reader.long_lengths = True
    assert next(iter(reader.feed(make_marker(Marker.RESET)))).marker is Marker.RESET


@pytest.mark.parametrize("length", [0, 7, 2**21 + 65, 2**32 - 1])
def test_a_length_no_packet_has_is_refused(length: int) -> None:
    with pytest.raises(RemoteWireError, match=f"a length of {length:,} bytes"):
        list(_reader().feed(length.to_bytes(4, "big") + b"\x06\0\0\0"))


def test_only_connect_and_data_may_come_first() -> None:
    with pytest.raises(RemoteWireError, match="packet type 47"):
        list(PacketReader().feed(b"GET / HTTP/1.1\r\n"))


def test_a_data_packet_has_flags_and_a_payload() -> None:
    packet = Packet(PacketType.DATA, b"\x00\x40abc")
    assert packet.data_flags == 0x40
    assert packet.payload == b"abc"
    with pytest.raises(RemoteWireError):
        _ = Packet(PacketType.DATA, b"\0").data_flags


@pytest.mark.parametrize("body", [b"", b"\1\0", b"\1\0\0", b"\1\0\4", b"\1\0\1\0"])
def test_a_marker_of_unknown_form_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteWireError):
        _ = Packet(PacketType.MARKER, body).marker


def _unpack(stream: bytes, sdu: int) -> tuple[bytes, list[int]]:
    packets = list(_reader().feed(stream))
    assert all(packet.type == PacketType.DATA for packet in packets)
    assert all(len(packet.body) + 8 <= sdu for packet in packets)
    return b"".join(p.payload for p in packets), [p.data_flags for p in packets]


@given(
    st.lists(st.binary(max_size=900) | st.binary(min_size=1400, max_size=2200), max_size=12),
    st.sampled_from([512, 700]),
    st.booleans(),
    st.sets(st.integers(0, 11)),
)
def test_parts_are_packed_whole_and_in_order(
    parts: list[bytes], sdu: int, end_of_response: bool, taken_after: set[int]
) -> None:
    packer = DataPacker(sdu)
    stream = b""
    for index, part in enumerate(parts):
        packer.add(memoryview(part))
        if index in taken_after:
            taken = b"".join(packer.take())
            _unpack(taken, sdu)  # whole packets only
            stream += taken
    stream += b"".join(packer.finish(end_of_response=end_of_response))
    payload, flags = _unpack(stream, sdu)
    assert payload == b"".join(parts) + (b"\x1d" if end_of_response else b"")
    assert flags == [0] * (len(flags) - end_of_response) + [0x2000] * end_of_response


def test_large_parts_are_not_copied() -> None:
    image = bytes(100_000)
    packer = DataPacker(8192)
    packer.add(memoryview(image))
    slices = [part for part in packer.take() if isinstance(part, memoryview)]
    assert len(slices) == 100_000 // 8182
    assert all(part.obj is image for part in slices)


def test_what_is_ready_is_counted() -> None:
    packer = DataPacker(512)
    packer.add(bytes(502 * 3 + 1))
    assert packer.ready_bytes == 3 * 512
    assert sum(map(len, packer.take())) == 3 * 512
    assert packer.ready_bytes == 0
