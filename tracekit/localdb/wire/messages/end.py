"""The messages that end a response (`_process_error_info` in `impl/thin/messages/base.pyx`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.localdb.ora_error import OraError, RowFailure
from tracekit.localdb.wire.capabilities import FIELD_20_1
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcWriter

END_OF_ROWS = 1403
BATCH_ERRORS = 24381
_IN_TRANSACTION = 0x2
_NOTHING_MORE = bytes(17)
"""SQL type, fatal flag, flags, cursor options, UPI parameter, warning flag, ROWID, OS error,
statement number, call number, padding, successful iterations, diagnostic id: all zero."""
_NO_BATCH_ERRORS = bytes(3)


@dataclass(frozen=True)
class EndOfCall:
    """The outcome of a call."""

    number: int = 0
    """0 for success, 1403 at the end of the rows, 24381 with `batch_errors`, or ORA-nnnnn."""
    message: str = ""
    position: int = 0
    cursor_id: int = 0
    row_count: int = 0
    in_transaction: bool = False
    batch_errors: Sequence[RowFailure] = ()

    @classmethod
    def from_error(
        cls, error: OraError, *, cursor_id: int = 0, in_transaction: bool = False
    ) -> EndOfCall:
        """The outcome of a failed call."""
        return cls(
            number=error.number,
            message=str(error),
            position=error.position,
            cursor_id=cursor_id,
            row_count=error.row_count,
            in_transaction=in_transaction,
        )


def make_end_of_call(end: EndOfCall, field_version: int) -> bytes:
    """Build the error message, which is also sent for success."""
    writer = TtcWriter()
    writer.u8(MessageType.ERROR)
    writer.ub(_IN_TRANSACTION if end.in_transaction else 0, 0, min(end.row_count, 0xFFFFFFFF))
    writer.ub(min(end.number, 0xFFFF), 0, 0, end.cursor_id)
    writer.sb(min(end.position, 0x7FFF))
    writer.raw(_NOTHING_MORE)
    if end.batch_errors:
        _add_batch_errors(writer, end.batch_errors)
    else:
        writer.raw(_NO_BATCH_ERRORS)
    writer.ub(end.number, end.row_count)
    if field_version >= FIELD_20_1:
        writer.ub(0, 0)
    if end.number:
        writer.bytes_((end.message + "\n").encode("utf-8"))
    return bytes(writer)


def make_status(*, in_transaction: bool = False) -> bytes:
    """Build the status message, for calls with nothing else to report."""
    writer = TtcWriter()
    writer.u8(MessageType.STATUS)
    writer.ub(_IN_TRANSACTION if in_transaction else 0, 0)
    return bytes(writer)


def _add_batch_errors(writer: TtcWriter, errors: Sequence[RowFailure]) -> None:
    """Write three parallel arrays: numbers, rows, messages."""
    writer.ub(len(errors))
    writer.u8(0)
    writer.ub(*(each.error.number for each in errors))
    writer.ub(len(errors))
    writer.u8(0)
    writer.ub(*(each.row for each in errors))
    writer.ub(len(errors))
    writer.u8(0)
    for each in errors:
        message = (str(each.error) + "\n").encode("utf-8")
        writer.ub(len(message))
        writer.bytes_(message)
        writer.u8(0, 0)
