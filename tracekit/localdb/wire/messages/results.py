"""The messages between a description and the end of a call: row header, I/O vector, row counts."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcWriter

_BIND_OUT = 16
_BIND_IN = 32

ROW_HEADER = bytes([MessageType.ROW_HEADER]) + bytes(7)
"""Announces rows; flags, counts, bit vector and rowid are all zero."""


def make_io_vector(bind_count: int, returned: int = 0) -> bytes:
    """The directions of a statement's binds: IN, but OUT for the last `returned`."""
    writer = TtcWriter()
    writer.u8(MessageType.IO_VECTOR, 0)
    writer.ub(bind_count & 0xFF, bind_count >> 8, 1, 0, 0, 0)
    writer.raw(bytes([_BIND_IN]) * (bind_count - returned) + bytes([_BIND_OUT]) * returned)
    return bytes(writer)


def make_block_vector(directions: Sequence[bool]) -> bytes:
    """The directions of a PL/SQL block's binds: IN, or IN OUT for those that are filled.

    None is only OUT: clients would not send its value when they execute the block again.
    """
    writer = TtcWriter()
    writer.u8(MessageType.IO_VECTOR, 0)
    writer.ub(len(directions) & 0xFF, len(directions) >> 8, 1, 0, 0, 0)
    writer.raw(bytes(_BIND_IN | _BIND_OUT if filled else _BIND_IN for filled in directions))
    return bytes(writer)


def make_filled_values(fields: Sequence[bytes]) -> bytes:
    """The values of a block's filled binds, each with its length before it."""
    writer = TtcWriter()
    writer.u8(MessageType.ROW_DATA)
    for field in fields:
        writer.raw(field)
        writer.ub(0)  # not truncated to the client's buffer
    return bytes(writer)


def make_returned_values(columns: Sequence[Sequence[bytes]]) -> bytes:
    """The values of RETURNING ... INTO for one row of binds (`_process_row_data` in `base.pyx`).

    Args:
        columns: For each OUT bind, the fields of all affected rows, with their lengths.
    """
    writer = TtcWriter()
    writer.u8(MessageType.ROW_DATA)
    for fields in columns:
        writer.ub(len(fields))
        for field in fields:
            writer.raw(field)
            writer.ub(0)  # not truncated to the client's buffer
    return bytes(writer)


def make_dml_row_counts(counts: Sequence[int]) -> bytes:
    """The number of rows affected by each row of binds of an array DML."""
    writer = TtcWriter()
    writer.u8(MessageType.PARAMETER)
    writer.ub(0, 0, 0, 0, len(counts), *counts)
    return bytes(writer)
