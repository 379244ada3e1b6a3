from __future__ import annotations

import pytest

from tracekit.localdb.ora_error import OraError, RowFailure
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.messages.auth import AuthPair, make_auth_reply
from tracekit.localdb.wire.messages.describe import make_describe
from tracekit.localdb.wire.messages.end import (
    EndOfCall,
    make_end_of_call,
    make_status,
)
from tracekit.localdb.wire.messages.results import (
    make_dml_row_counts,
    make_io_vector,
    make_returned_values,
)
from tracekit.localdb.wire.primitives import TtcReader

VERSIONS = [7, 8, 12, 16, 17, 20, 24]
COLUMNS = (
    ColumnDescription("CONTAINERID", OracleType.VARCHAR2, 0, 0, 32767, 32767, 1, nullable=False),
    ColumnDescription("數量", OracleType.NUMBER, 10, -2, 22),
)


def _read_column(reader: TtcReader, field_version: int) -> dict[str, object]:
    """As `_process_metadata` of python-oracledb reads it."""
    found: dict[str, object] = {"type": reader.u8()}
    reader.u8()
    found["precision"], scale = reader.u8(), reader.u8()
    found["scale"] = scale - 256 if scale > 127 else scale
    found["buffer"] = reader.ub4()
    reader.ub4(), reader.ub8(), reader.bytes2(), reader.ub2()
    found["charset"], found["form"], found["chars"] = reader.ub2(), reader.u8(), reader.ub4()
    if field_version >= 8:
        reader.ub4()
    found["nullable"], length = reader.u8(), reader.u8()
    name = reader.bytes2()
    assert length == len(name)
    found["name"] = name.decode()
    reader.bytes2(), reader.bytes2(), reader.ub2(), reader.ub4()
    if field_version >= 17:
        reader.bytes2(), reader.bytes2()
    if field_version >= 20:
        assert reader.ub4() == 0
    if field_version >= 24:
        reader.ub4(), reader.u8(), reader.u8()
    return found


@pytest.mark.parametrize("field_version", VERSIONS)
def test_describe(field_version: int) -> None:
    reader = TtcReader(make_describe(COLUMNS, field_version))
    assert (reader.u8(), reader.bytes_()) == (16, b"")
    reader.ub4()
    assert (reader.ub4(), reader.u8()) == (2, 0)
    text, number = (_read_column(reader, field_version) for _ in range(2))
    assert (text["name"], text["buffer"], text["chars"]) == ("CONTAINERID", 32767, 32767)
    assert (text["charset"], text["form"], text["nullable"]) == (873, 1, 0)
    assert (number["name"], number["precision"], number["scale"]) == ("數量", 10, -2)
    assert (number["charset"], number["nullable"]) == (0, 1)
    reader.bytes2(), reader.ub4(), reader.ub4(), reader.ub4(), reader.ub4(), reader.bytes2()
    assert reader.available == 0


def test_no_columns() -> None:
    assert make_describe((), 24) == bytes([16, 0, 0, 0, 0, 0, 0, 0, 0, 0])


def _read_end(data: bytes, field_version: int) -> dict[str, object]:
    """As `_process_error_info` of python-oracledb reads it."""
    reader = TtcReader(data)
    assert reader.u8() == 4
    found: dict[str, object] = {"status": reader.ub4()}
    reader.ub2(), reader.ub4(), reader.ub2(), reader.ub2(), reader.ub2()
    found["cursor"], found["position"] = reader.ub2(), reader.sb8()
    reader.skip(6)
    reader.ub4(), reader.ub2(), reader.u8(), reader.ub4(), reader.ub2()
    reader.ub4(), reader.u8(), reader.u8(), reader.ub2(), reader.ub4(), reader.bytes2()
    count = reader.ub2()
    numbers = [reader.ub2() for _ in range(count)] if count and reader.u8() < 254 else []
    count = reader.ub4()
    rows = [reader.ub4() for _ in range(count)] if count and reader.u8() < 254 else []
    count = reader.ub2()
    reader.skip(1 if count else 0)
    messages = []
    for _ in range(count):
        reader.ub2()
        messages.append(reader.bytes_().decode())
        reader.skip(2)
    found["batch"] = list(zip(numbers, rows, messages, strict=True))
    found["number"], found["rows"] = reader.ub4(), reader.ub8()
    if field_version >= 14:
        reader.ub4(), reader.ub4()
    found["message"] = reader.bytes_().decode() if found["number"] else ""
    assert reader.available == 0
    return found


@pytest.mark.parametrize("field_version", VERSIONS)
def test_success(field_version: int) -> None:
    end = EndOfCall(cursor_id=3, row_count=70_000, in_transaction=True)
    found = _read_end(make_end_of_call(end, field_version), field_version)
    assert found == {
        "status": 2,
        "cursor": 3,
        "position": 0,
        "batch": [],
        "number": 0,
        "rows": 70_000,
        "message": "",
    }


@pytest.mark.parametrize("field_version", VERSIONS)
def test_an_error_names_number_text_and_position(field_version: int) -> None:
    error = OraError(942, "table or view does not exist", position=14)
    end = EndOfCall.from_error(error, cursor_id=9)
    found = _read_end(make_end_of_call(end, field_version), field_version)
    assert found["number"] == 942
    assert found["position"] == 14
    assert found["cursor"] == 9
    assert found["message"] == "ORA-00942: table or view does not exist\n"


def test_batch_errors() -> None:
    errors = [RowFailure(1, OraError(1, "unique")), RowFailure(300, OraError(1400, "x" * 400))]
    end = EndOfCall(24381, "ORA-24381: error(s) in array DML", batch_errors=errors, row_count=9)
    found = _read_end(make_end_of_call(end, 24), 24)
    assert found["batch"] == [
        (1, 1, "ORA-00001: unique\n"),
        (1400, 300, f"ORA-01400: {'x' * 400}\n"),
    ]


def test_row_counts_beyond_four_bytes() -> None:
    found = _read_end(make_end_of_call(EndOfCall(row_count=2**40), 24), 24)
    assert found["rows"] == 2**40


def test_status() -> None:
    assert make_status() == b"\x09\x00\x00"
    assert make_status(in_transaction=True) == b"\x09\x01\x02\x00"


def test_dml_row_counts() -> None:
    assert make_dml_row_counts([0, 300]).hex() == "08" + "00000000" + "0102" + "00" + "02012c"


def test_io_vector_counts_binds_beyond_a_byte() -> None:
    data = make_io_vector(300)
    reader = TtcReader(data[2:])
    low, high = reader.ub2(), reader.ub4()
    assert high * 256 + low == 300
    reader.ub4(), reader.ub2(), reader.ub2(), reader.ub2()
    assert reader.raw(300) == b"\x20" * 300
    assert reader.available == 0


def test_io_vector_ends_with_the_binds_that_are_filled() -> None:
    assert make_io_vector(3, 2).endswith(b"\x20\x10\x10")


def test_returned_values_say_how_many_and_that_none_was_cut() -> None:
    fields = [[b"\x02\xc1\x02", b"\x00"], []]
    assert make_returned_values(fields).hex() == "07" + "0102" + "02c10200" + "0000" + "00"


def test_auth_reply() -> None:
    reader = TtcReader(make_auth_reply([AuthPair("K", "v", 0x4815), AuthPair("E", "")]))
    assert (reader.u8(), reader.ub2()) == (8, 2)
    assert (reader.bytes2(), reader.bytes2(), reader.ub4()) == (b"K", b"v", 0x4815)
    assert (reader.bytes2(), reader.bytes2(), reader.ub4()) == (b"E", b"", 0)
    assert reader.available == 0
