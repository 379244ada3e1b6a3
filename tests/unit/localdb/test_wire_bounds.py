"""What a few bytes may cost: neither memory nor time without end."""

from __future__ import annotations

import pytest

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.messages.binds import BindLayout, BindMetadata, count_returned
from tracekit.localdb.wire.messages.connect import parse_connect_data
from tracekit.localdb.wire.messages.execute import parse_reexecute
from tracekit.localdb.wire.packets import LONGEST_LOGIN_PACKET, PacketReader
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter

MANY = 200_000
_RETURNED = BindLayout((BindMetadata(OracleType.NUMBER, 22, 0),), returned=1)


@pytest.mark.timeout(60)  # tried at every position they would take many minutes
@pytest.mark.parametrize(
    "sql",
    [
        "insert /*" + "/*" * MANY + " returning",
        "insert " + "returning " * MANY,
        "insert returning " + "q'[" * MANY,
        "insert returning " + "q'a" * MANY,
        "insert returning " + "q'( " * MANY,
        "insert into returning" + " into" * MANY,
    ],
    ids=["comments", "returning", "brackets", "letters", "parentheses", "into"],
)
def test_statements_are_searched_once(sql: str) -> None:
    assert count_returned(sql) == 0


@pytest.mark.timeout(60)
@pytest.mark.parametrize("data", [b"(SID=" + b" " * 65_000, b"(SERVICE_NAME" * 5_000])
def test_connect_descriptors_are_searched_once(data: bytes) -> None:
    assert parse_connect_data(data).sid is None


@pytest.mark.parametrize("layout", [BindLayout(()), _RETURNED], ids=["no binds", "returned only"])
def test_executions_without_values_are_bounded(layout: BindLayout) -> None:
    writer = TtcWriter()
    writer.ub(1, (1 << 20) + 1, 0, 0)
    with pytest.raises(RemoteWireError, match="1,048,577 executions"):
        parse_reexecute(TtcReader(bytes(writer)), lambda _: layout, fetches=False)


def test_packets_before_the_login_are_short() -> None:
    reader = PacketReader(LONGEST_LOGIN_PACKET)
    reader.long_lengths = True
    longest = LONGEST_LOGIN_PACKET.to_bytes(4, "big") + b"\x06\0\0\0"
    assert list(reader.feed(longest)) == []
    too_long = (LONGEST_LOGIN_PACKET + 1).to_bytes(4, "big") + b"\x06\0\0\0"
    reader = PacketReader(LONGEST_LOGIN_PACKET)
    reader.long_lengths = True
    with pytest.raises(RemoteWireError, match="65,537 bytes"):
        list(reader.feed(too_long))
