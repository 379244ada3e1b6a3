"""The client's declaration of its binds, and the rows of binds (`impl/thin/messages/base.pyx`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracekit.errors import RemoteWireError
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.capabilities import FIELD_12_2, MAX_STRING_BYTES
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import ESCAPE, TtcReader
from tracekit.localdb.wire.values import (
    decode_binary_double,
    decode_binary_float,
    decode_datetime,
    decode_interval,
    decode_number,
    decode_year_month,
)

ARRAY_FLAG = 0x40
NATIONAL_FORM = 2
_OBJECT, _BFILE, _JSON, _VECTOR = 109, 114, 119, 127
_MOST_BINDS = 1 << 17

_SCALARS: dict[int, Callable[[bytes], Any]] = {
    OracleType.NUMBER: decode_number,
    OracleType.BINARY_INTEGER: decode_number,
    OracleType.DATE: decode_datetime,
    OracleType.TIMESTAMP: decode_datetime,
    OracleType.TIMESTAMP_TZ: decode_datetime,
    OracleType.TIMESTAMP_LTZ: decode_datetime,
    OracleType.INTERVAL_DS: decode_interval,
    OracleType.BINARY_DOUBLE: decode_binary_double,
    OracleType.BINARY_FLOAT: decode_binary_float,
    OracleType.RAW: bytes,
    OracleType.LONG_RAW: bytes,
    OracleType.INTERVAL_YM: decode_year_month,
}
_TEXT = frozenset({OracleType.VARCHAR2, OracleType.CHAR, OracleType.LONG})
_LOBS = frozenset({OracleType.CLOB, OracleType.BLOB})


@dataclass(frozen=True)
class Unsupported:
    """A bind value that was read but cannot be represented in Python."""

    type: int


@dataclass(frozen=True)
class LobBind:
    """A LOB as a bind value: its locator."""

    locator: bytes


@dataclass(frozen=True)
class CursorBind:
    """A cursor as a bind value, for a PL/SQL block to open."""

    cursor_id: int
    """0 for a cursor that has not been opened."""


@dataclass(frozen=True)
class BindMetadata:
    """The type that the client declares for a bind or a defined column."""

    type: int
    size_bytes: int
    charset_form: int
    is_array: bool = False


@dataclass(frozen=True)
class BindLayout:
    """How to read a cursor's rows of binds, also for later executions."""

    binds: Sequence[BindMetadata]
    is_plsql: bool = False
    returned: int = 0
    """The number of trailing binds that RETURNING ... INTO fills; clients send no values."""
    _order: Sequence[int] = field(init=False, repr=False, compare=False)
    _readers: Sequence[Callable[[TtcReader], Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sent = range(len(self.binds) - self.returned)
        late = [i for i in sent if self._is_late(self.binds[i])]
        early = [i for i in sent if not self._is_late(self.binds[i])]
        object.__setattr__(self, "_order", early + late)
        object.__setattr__(self, "_readers", [_value_reader(self.binds[i]) for i in early + late])

    @property
    def has_lobs(self) -> bool:
        """Whether a bind can contain a locator."""
        return any(bind.type in _LOBS for bind in self.binds)

    @property
    def has_objects(self) -> bool:
        """Whether a bind is an object, such as an XMLTYPE."""
        return any(bind.type == _OBJECT for bind in self.binds)

    def _is_late(self, bind: BindMetadata) -> bool:
        """Whether the value moves to the end of its row, as long values do outside PL/SQL."""
        return not self.is_plsql and not bind.is_array and bind.size_bytes > MAX_STRING_BYTES

    def parse_row(self, reader: TtcReader) -> list[Any]:
        """Read one row of binds as Python values; `Unsupported` for values without one.

        Raises:
            RemoteWireError: the row is malformed.
        """
        kind = reader.u8()
        if kind != MessageType.ROW_DATA:
            raise RemoteWireError(f"message type {kind}; expected a row of binds")
        row: list[Any] = [None] * len(self.binds)
        for position, read in zip(self._order, self._readers, strict=True):
            row[position] = read(reader)
        return row

    def parse_rows(self, reader: TtcReader, count: int) -> list[list[Any]]:
        """Read `count` rows of binds; none if RETURNING ... INTO fills every bind."""
        if not self._order:
            return [[None] * len(self.binds)] * count
        return [self.parse_row(reader) for _ in range(count)]


def parse_bind_metadata(
    reader: TtcReader, count: int, field_version: int
) -> tuple[BindMetadata, ...]:
    """Read the metadata of `count` binds or defined columns.

    Raises:
        RemoteWireError: there are too many binds.
    """
    if count > _MOST_BINDS:
        raise RemoteWireError(f"{count:,} binds")
    return tuple(_parse_one(reader, field_version) for _ in range(count))


def _parse_one(reader: TtcReader, field_version: int) -> BindMetadata:
    kind, flags = reader.u8(), reader.u8()
    reader.skip(2)
    size = reader.ub4()
    reader.ub4()
    reader.ub8()
    reader.bytes2()
    reader.ub4()
    reader.ub2()
    charset_form = reader.u8()
    reader.ub4()
    if field_version >= FIELD_12_2:
        reader.ub4()
    return BindMetadata(kind, size, charset_form, bool(flags & ARRAY_FLAG))


def _value_reader(bind: BindMetadata) -> Callable[[TtcReader], Any]:
    """Return the function that reads one value of `bind` from a row."""
    read = _element_reader(bind)
    if not bind.is_array:
        return read
    return lambda reader: [read(reader) for _ in range(reader.ub4())]


def _element_reader(bind: BindMetadata) -> Callable[[TtcReader], Any]:
    if bind.type in _TEXT:
        encoding = "utf-16-be" if bind.charset_form == NATIONAL_FORM else "utf-8"
        return lambda reader: _text(reader.bytes_(), encoding)
    if decode := _SCALARS.get(bind.type):
        return lambda reader: decode(data) if (data := reader.bytes_()) else None
    if bind.type == OracleType.BOOLEAN:
        return _boolean
    if bind.type in _LOBS:
        return lambda reader: LobBind(locator) if (locator := reader.bytes2()) else None
    if bind.type == OracleType.CURSOR:
        return _cursor
    if bind.type in (_JSON, _VECTOR):
        return lambda reader: _quasi_lob(reader, bind.type)
    if bind.type == _BFILE:
        return lambda reader: Unsupported(_BFILE) if reader.bytes2() else None
    if bind.type == _OBJECT:
        return _object
    raise OraError(3115, "unsupported network datatype or representation")


def _text(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding) if data else None
    except UnicodeDecodeError as exc:
        raise RemoteWireError(f"a text bind is not valid {encoding}") from exc


def _boolean(reader: TtcReader) -> bool | None:
    length = reader.u8()
    if length == ESCAPE:
        reader.skip(1)
        return None
    return reader.raw(length)[-1] == 1 if length else None


def _cursor(reader: TtcReader) -> CursorBind:
    return CursorBind(reader.ub4() if reader.ub4() else 0)


def _object(reader: TtcReader) -> Unsupported | None:
    for _ in range(3):
        reader.bytes2()
    reader.ub2()
    image_bytes = reader.ub4()
    reader.ub4()
    if not image_bytes:
        return None
    reader.bytes_()
    return Unsupported(_OBJECT)


def _quasi_lob(reader: TtcReader, kind: int) -> Unsupported | None:
    if not reader.ub4():
        return None
    reader.bytes_()
    reader.bytes_()
    return Unsupported(kind)


_STRINGS_AND_COMMENTS = re.compile(
    r"[qQ]'(?:\[.*?(?:\]|\Z)|\{.*?(?:\}|\Z)|<.*?(?:>|\Z)|\(.*?(?:\)|\Z)|(\S).*?(?:\1|\Z))(?:'|\Z)"
    r"|'[^']*(?:'|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)",
    re.DOTALL,
)
"""Unclosed quotes and comments extend to the end: repeated searches would be slow."""
_CHANGE = re.compile(r"\W*(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_RETURNING_OR_INTO = re.compile(r"\b(?:RETURNING|INTO)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r":\s*(?:\"|\w)")


def count_returned(sql: str) -> int:
    """The number of binds that a DML statement's RETURNING ... INTO fills; they have no values.

    Follows the lexer of `impl/thin/statement.pyx`: skips strings and comments.
    """
    if "returning" not in sql.lower():
        return 0
    code = _STRINGS_AND_COMMENTS.sub(" ", sql)
    if not _CHANGE.match(code):
        return 0
    targets_from = None
    is_open = False
    for word in _RETURNING_OR_INTO.finditer(code):
        if word[0].upper() == "RETURNING":
            is_open = True
        elif is_open:
            targets_from, is_open = word.end(), False
    return len(_PLACEHOLDER.findall(code, targets_from)) if targets_from is not None else 0
