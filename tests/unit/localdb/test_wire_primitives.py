from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.localdb.wire_samples import every_way
from tracekit.errors import LocalWireError, RemoteWireError
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "00"), (1, "0101"), (255, "01ff"), (256, "020100"), (2**64 - 1, "08" + "ff" * 8)],
)
def test_unsigned_integers(value: int, expected: str) -> None:
    writer = TtcWriter()
    writer.ub(value)
    assert bytes(writer).hex() == expected
    assert every_way(bytes(writer), TtcReader.ub8) == value


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_signed_integers_come_back(value: int) -> None:
    writer = TtcWriter()
    writer.sb(value)
    assert every_way(bytes(writer), TtcReader.sb8) == value


def test_minus_one_has_its_sign_in_the_length() -> None:
    writer = TtcWriter()
    writer.sb(-1)
    assert bytes(writer) == b"\x81\x01"


@pytest.mark.parametrize(("read", "most"), [("ub2", 2), ("ub4", 4), ("ub8", 8), ("sb8", 8)])
def test_an_integer_longer_than_its_field_is_refused(read: str, most: int) -> None:
    reader = TtcReader(bytes([most + 1]) + bytes(most + 1))
    with pytest.raises(RemoteWireError, match=f"at most {most}"):
        getattr(reader, read)()


def test_a_value_of_nine_bytes_is_ours_to_refuse() -> None:
    with pytest.raises(LocalWireError):
        TtcWriter().ub(2**64)


@given(st.one_of(st.binary(max_size=600), st.integers(250, 70_000).map(bytes)))
def test_bytes_come_back(data: bytes) -> None:
    writer = TtcWriter()
    writer.bytes_(data)
    reader = TtcReader(bytes(writer) + b"!")
    assert reader.bytes_() == data
    assert reader.available == 1


@given(st.binary(max_size=300))
def test_bytes_with_two_lengths_come_back(data: bytes) -> None:
    writer = TtcWriter()
    writer.bytes2(data)
    assert every_way(bytes(writer), TtcReader.bytes2) == data


def test_252_bytes_are_the_longest_short_field() -> None:
    short, long = TtcWriter(), TtcWriter()
    short.bytes_(bytes(252))
    long.bytes_(bytes(253))
    assert bytes(short)[:1] == b"\xfc"
    assert bytes(long)[:3] == b"\xfe\x01\xfd"
    assert bytes(long)[-1:] == b"\0"


def test_chunks_are_joined() -> None:
    chunked = bytes.fromhex("fe" + "0102" + "6162" + "0101" + "63" + "00")
    assert every_way(chunked, TtcReader.bytes_) == b"abc"


def test_a_null_reads_as_nothing() -> None:
    assert TtcReader(b"\xff").bytes_() == b""
    assert TtcReader(b"\x00").bytes_() == b""


def test_an_escape_is_no_length() -> None:
    with pytest.raises(RemoteWireError, match="0xfd"):
        TtcReader(b"\xfd\x01").bytes_()


def test_a_claim_of_much_data_is_refused_before_it_fills_memory() -> None:
    pieces = 0

    def refill() -> bytes:
        nonlocal pieces
        pieces += 1
        return bytes(1000)

    reader = TtcReader(b"", refill, limit=10_000)
    with pytest.raises(RemoteWireError, match="more than 10,000 bytes"):
        reader.raw(2_000_000_000)
    assert pieces == 11


def test_the_limit_starts_over_with_every_message() -> None:
    reader = TtcReader(b"", lambda: bytes(8), limit=8)
    for _ in range(5):
        reader.raw(8)
        reader.start_message(8)
    with pytest.raises(RemoteWireError):
        reader.raw(9)


def test_peek_leaves_the_byte() -> None:
    reader = TtcReader(b"", lambda: b"\x22")
    assert reader.peek() == reader.u8() == 0x22


def test_discard_forgets_what_is_at_hand() -> None:
    reader = TtcReader(b"abc", lambda: b"z")
    reader.u8()
    reader.discard()
    assert reader.raw(1) == b"z"
