"""The description of a query's columns (`_process_describe_info` in `messages/base.pyx`)."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.wire.capabilities import (
    CHARSET_UTF8,
    CHARSET_UTF16,
    FIELD_12_2,
    FIELD_23_1,
    FIELD_ANNOTATIONS,
    FIELD_VECTORS,
)
from tracekit.localdb.wire.column import ColumnDescription
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcWriter

_CHARSETS = {0: 0, 1: CHARSET_UTF8, 2: CHARSET_UTF16}


def make_describe(columns: Sequence[ColumnDescription], field_version: int) -> bytes:
    """Build the describe message."""
    writer = TtcWriter()
    writer.u8(MessageType.DESCRIBE_INFO)
    writer.bytes_(b"")
    writer.raw(make_description(columns, field_version))
    return bytes(writer)


def make_cursor_field(
    columns: Sequence[ColumnDescription], cursor_id: int, field_version: int
) -> bytes:
    """A cursor as a value: its description and its id."""
    writer = TtcWriter()
    writer.u8(1)  # clients skip it
    writer.raw(make_description(columns, field_version))
    writer.ub(cursor_id)
    return bytes(writer)


def make_description(columns: Sequence[ColumnDescription], field_version: int) -> bytes:
    """The part that the describe message shares with cursors as values."""
    writer = TtcWriter()
    writer.ub(sum(column.buffer_bytes for column in columns), len(columns))
    if columns:
        writer.u8(0)
    for position, column in enumerate(columns, 1):
        _add_column(writer, column, position, field_version)
    writer.bytes2(b"")
    writer.ub(0, 0, 0, 0)
    writer.bytes2(b"")
    return bytes(writer)


def _add_column(
    writer: TtcWriter, column: ColumnDescription, position: int, field_version: int
) -> None:
    name = column.name.encode("utf-8")
    writer.u8(column.type, 0, column.precision & 0xFF, column.scale & 0xFF)
    writer.ub(column.buffer_bytes, 0, 0)
    writer.bytes2(b"")
    writer.ub(0, _CHARSETS[column.charset_form])
    writer.u8(column.charset_form)
    writer.ub(column.max_chars)
    if field_version >= FIELD_12_2:
        writer.ub(0)
    writer.u8(int(column.nullable), min(len(name), 0xFF))
    writer.bytes2(name)
    writer.bytes2(b"")
    writer.bytes2(b"")
    writer.ub(position, 0)
    if field_version >= FIELD_23_1:
        writer.bytes2(b"")
        writer.bytes2(b"")
    if field_version >= FIELD_ANNOTATIONS:
        writer.ub(0)
    if field_version >= FIELD_VECTORS:
        writer.ub(0)
        writer.u8(0, 0)
