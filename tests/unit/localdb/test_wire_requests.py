from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.unit.localdb import wire_samples as samples
from tests.unit.localdb.wire_samples import every_way, never_too_short
from tracekit.errors import RemoteWireError
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.messages.binds import (
    BindLayout,
    BindMetadata,
    CursorBind,
    Unsupported,
    count_returned,
)
from tracekit.localdb.wire.messages.execute import (
    ExecuteOption,
    ExecuteRequest,
    ReexecuteRequest,
    parse_execute,
    parse_reexecute,
)
from tracekit.localdb.wire.messages.fetch import FetchRequest, parse_fetch
from tracekit.localdb.wire.messages.functions import (
    FunctionCode,
    FunctionHeader,
    MessageType,
    parse_function_header,
)
from tracekit.localdb.wire.messages.lob_op import LobOpRequest, parse_lob_op
from tracekit.localdb.wire.messages.piggyback import (
    BeginPipeline,
    CloseCursors,
    FreeLobs,
    Ignored,
    SetAttributes,
    SetSchema,
    parse_piggyback,
)
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter


def _execute(reader: TtcReader, field_version: int = 24) -> ExecuteRequest:
    header = parse_function_header(reader, field_version)
    assert header == FunctionHeader(MessageType.FUNCTION, FunctionCode.EXECUTE)
    return parse_execute(reader, field_version, lambda cursor_id: "")


def test_a_query_with_binds() -> None:
    request = every_way(samples.EXECUTE_SELECT, _execute)
    assert request.sql == "select * from t where n = :n and s = :s"
    assert request.cursor_id == 0
    assert request.prefetch_rows == 2
    assert request.has(ExecuteOption.PARSE | ExecuteOption.EXECUTE | ExecuteOption.FETCH)
    assert request.layout.binds == (
        BindMetadata(OracleType.NUMBER, 22, 0),
        BindMetadata(OracleType.VARCHAR2, 24, 1),
    )
    assert request.bind_rows == [[5, "日本"]]


def test_field_version_12_has_no_tokens() -> None:
    old = every_way(samples.EXECUTE_19C, lambda reader: _execute(reader, 12))
    assert old == _execute(TtcReader(samples.EXECUTE_SELECT))


def test_every_type_a_client_binds_by_itself() -> None:
    request = every_way(samples.EXECUTE_TYPES, _execute)
    assert request.bind_rows == [
        [
            Decimal("1.5"),
            None,
            datetime(2026, 1, 2, 3, 4, 5),
            b"ab",
            timedelta(days=1, seconds=2, microseconds=3),
            True,
            Decimal("-12.5"),
        ]
    ]


def test_array_dml() -> None:
    request = every_way(samples.EXECUTE_MANY, _execute)
    assert request.bind_rows == [[1, "a"], [2, "bc"], [3, None]]
    assert request.row_counts_wanted
    assert request.has(ExecuteOption.BATCH_ERRORS)


def test_binds_of_returning_into_send_no_value() -> None:
    request = every_way(samples.EXECUTE_RETURNING, _execute)
    assert request.layout.returned == 1
    assert request.bind_rows == [[7, None]]


def test_describe_only() -> None:
    request = every_way(samples.PARSE_ONLY, _execute)
    assert request.has(ExecuteOption.DESCRIBE)
    assert not request.has(ExecuteOption.EXECUTE)
    assert request.bind_rows == [()]


def test_plsql_binds() -> None:
    request = every_way(samples.PLSQL, _execute)
    assert request.layout.is_plsql
    assert request.bind_rows == [[1, "a"]]


@pytest.mark.parametrize(
    "payload",
    [samples.EXECUTE_SELECT, samples.EXECUTE_TYPES, samples.EXECUTE_MANY, samples.PARSE_ONLY],
)
def test_a_cut_execute_is_never_taken_for_a_whole_one(payload: bytes) -> None:
    never_too_short(payload, _execute)


def test_reexecution_reads_binds_as_its_cursor_knows_them() -> None:
    layout = _execute(TtcReader(samples.EXECUTE_SELECT)).layout

    def parse(reader: TtcReader) -> ReexecuteRequest:
        assert parse_function_header(reader, 24).code == FunctionCode.REEXECUTE_AND_FETCH
        return parse_reexecute(reader, {1: layout}.__getitem__, fetches=True)

    request = every_way(samples.REEXECUTE_AND_FETCH, parse)
    assert request == ReexecuteRequest(1, 2, False, [[6, "x"]])
    never_too_short(samples.REEXECUTE_AND_FETCH, parse)


def test_reexecution_of_an_unknown_cursor_stops_before_its_binds() -> None:
    def unknown(cursor_id: int) -> BindLayout:
        raise OraError(1001, "invalid cursor")

    reader = TtcReader(samples.REEXECUTE_AND_FETCH)
    parse_function_header(reader, 24)
    with pytest.raises(OraError):
        parse_reexecute(reader, unknown, fetches=True)


def test_fetch() -> None:
    def parse(reader: TtcReader) -> FetchRequest:
        assert parse_function_header(reader, 24).code == FunctionCode.FETCH
        return parse_fetch(reader)

    assert every_way(samples.FETCH_100, parse) == FetchRequest(1, 100)


def test_piggybacks_end_where_the_function_begins() -> None:
    def parse(reader: TtcReader) -> list[object]:
        found: list[object] = []
        header = parse_function_header(reader, 24)
        while header.message_type is MessageType.PIGGYBACK:
            found.append(parse_piggyback(reader, header.code))
            header = parse_function_header(reader, 24)
        return [*found, header.code]

    found = every_way(samples.PING_BEHIND_PIGGYBACKS, parse)
    attributes = {"CLIENT_IDENTIFIER": "me", "MODULE": "mod", "ACTION": ""}
    assert found == [SetSchema("HR"), SetAttributes(attributes), FunctionCode.PING]


@pytest.mark.parametrize(
    ("code", "body", "meaning"),
    [
        (105, "01010201050107", CloseCursors([5, 7])),
        (199, "000002", BeginPipeline(abort_on_error=True)),
        (199, "000001", BeginPipeline(abort_on_error=False)),
        (176, "0144", Ignored()),
    ],
)
def test_small_piggybacks(code: int, body: str, meaning: object) -> None:
    payload = bytes.fromhex(body)
    assert every_way(payload, lambda reader: parse_piggyback(reader, code)) == meaning


@pytest.mark.parametrize("code", [154, 204])
def test_ignored_piggybacks_are_read_to_their_end(code: int) -> None:
    payload = _client_piggyback(code)
    assert every_way(payload, lambda reader: parse_piggyback(reader, code)) == Ignored()


def test_temporary_lobs_to_be_freed_come_one_after_the_other() -> None:
    payload = _client_piggyback(FunctionCode.LOB_OP)
    found = every_way(payload, lambda reader: parse_piggyback(reader, FunctionCode.LOB_OP))
    assert found == FreeLobs([b"a" * 40, b"b" * 40])


def _client_piggyback(code: int) -> bytes:
    """The body as `messages/base.pyx` of python-oracledb writes it."""
    writer = TtcWriter()
    if code == FunctionCode.SET_KEY_VALUE:
        writer.u8(1)
        writer.ub(6)
        writer.u8(1)
        writer.ub(1, 0x21)
        writer.u8(0)
        writer.bytes_(b"ORA$HA")
        writer.bytes2(b"CONNECTION_POOL")
        writer.bytes2(b"PYTHON")
        writer.ub(0)
    elif code == FunctionCode.ALTER_SESSION:
        writer.ub(0)
        writer.u8(1)
        writer.ub(1)
        writer.bytes2(b"TXN_PRIORITY")
        writer.bytes2(b"HIGH")
        writer.ub(0)
    else:
        writer.u8(1)
        writer.ub(80)
        writer.u8(0)
        writer.ub(0, 0, 0)
        writer.u8(0, 0, 0)
        writer.ub(0x80111)
        writer.u8(0)
        writer.ub(0, 0, 0)
        writer.u8(0)
        for _ in range(3):
            writer.u8(0)
            writer.ub(0)
        writer.raw(b"a" * 40 + b"b" * 40)
    return bytes(writer)


def test_an_unknown_piggyback_cannot_be_skipped() -> None:
    with pytest.raises(RemoteWireError, match="unknown piggyback 77"):
        parse_piggyback(TtcReader(b"\0" * 100), 77)


class Pieces(list[bytes]):
    """Takes what is written, piece by piece."""

    def add(self, piece: bytes) -> None:
        self.append(piece)


def _parse_lob(reader: TtcReader) -> LobOpRequest[Pieces]:
    assert parse_function_header(reader, 24).code == FunctionCode.LOB_OP
    return parse_lob_op(reader, Pieces())


def test_creating_a_temporary_lob() -> None:
    expected = LobOpRequest(0x110, bytes(40), 1, 112, None, Pieces())
    assert every_way(samples.CREATE_TEMPORARY_CLOB, _parse_lob) == expected


@pytest.mark.parametrize("size", [1, 252, 253, 32_767, 32_768, 3 << 20])
def test_writing_to_a_lob(size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    writer = TtcWriter()
    writer.raw(samples.CREATE_TEMPORARY_CLOB[:4])
    writer.u8(1)
    writer.ub(40)
    writer.u8(0)
    writer.ub(0, 0, 0)
    writer.u8(0, 0, 0)
    writer.ub(0x40)
    writer.u8(0, 0)
    writer.ub(7, 0)
    writer.u8(0)
    writer.raw(bytes(6) + b"x" * 40)
    writer.u8(MessageType.LOB_DATA)
    writer.bytes_(data)

    reader = TtcReader(bytes(writer))
    request = _parse_lob(reader)

    assert reader.available == 0
    assert (request.operation, request.locator, request.source_offset) == (0x40, b"x" * 40, 7)
    assert request.amount is None
    assert b"".join(request.data) == data
    assert max(map(len, request.data)) <= 1 << 20


def test_values_longer_than_a_string_come_last_in_their_row() -> None:
    layout = BindLayout(
        (
            BindMetadata(OracleType.VARCHAR2, 40_000, 1),
            BindMetadata(OracleType.NUMBER, 22, 0),
        )
    )
    writer = TtcWriter()
    writer.u8(7)
    writer.bytes_(b"\xc1\x08")
    writer.bytes_(b"y" * 40_000)
    assert every_way(bytes(writer), layout.parse_row) == ["y" * 40_000, 7]


def test_array_binds() -> None:
    layout = BindLayout((BindMetadata(OracleType.NUMBER, 22, 0, is_array=True),), is_plsql=True)
    row = bytes.fromhex("07" + "0103" + "02c102" + "00" + "02c104")
    assert every_way(row, layout.parse_row) == [[1, None, 3]]


def test_a_null_boolean_has_an_escape() -> None:
    layout = BindLayout((BindMetadata(OracleType.BOOLEAN, 4, 0),) * 3)
    assert every_way(bytes.fromhex("07fd01020101020100"), layout.parse_row) == [None, True, False]


def test_national_text_is_utf_16() -> None:
    layout = BindLayout((BindMetadata(OracleType.VARCHAR2, 24, 2),))
    assert every_way(b"\x07\x04" + "日本".encode("utf-16-be"), layout.parse_row) == ["日本"]


def test_a_bind_of_unknown_type_is_refused() -> None:
    with pytest.raises(OraError, match="ORA-03115"):
        BindLayout((BindMetadata(58, 10, 0),))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (OracleType.CURSOR, "0100", CursorBind(0)),
        (OracleType.CURSOR, "01010107", CursorBind(7)),
        (114, "00", None),
        (114, "01020201ff", Unsupported(114)),
        (109, "00 00 00 00 00 0101", None),
        (109, "0101 01aa 00 00 00 0102 0101 020102", Unsupported(109)),
    ],
)
def test_binds_without_a_value_here_are_read_to_their_end(
    kind: int, field: str, value: object
) -> None:
    layout = BindLayout((BindMetadata(kind, 10, 0), BindMetadata(OracleType.VARCHAR2, 9, 1)))
    row = bytes.fromhex("07" + field + "0161")
    assert every_way(row, layout.parse_row) == [value, "a"]


@pytest.mark.parametrize(
    ("sql", "returned"),
    [
        ("insert into t values (:1) returning id into :2", 1),
        ("update t set a = :a RETURNING b, c\nINTO :b , :c", 2),
        ("insert into t values ('returning x into :y', :1)", 0),
        ("insert into t values (:1) -- returning x into :y", 0),
        ("insert into t (returning_into) values (:1)", 0),
        ("select 'x' returning from t where a = :into", 0),
        ("insert into t values (q'[it's returning]', :1) returning id into :\"x\"", 1),
    ],
)
def test_count_returned(sql: str, returned: int) -> None:
    assert count_returned(sql) == returned
