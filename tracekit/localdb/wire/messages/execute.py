"""Execute and re-execute requests (`impl/thin/messages/execute.pyx`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import Any

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import FIELD_12_2, FIELD_12_2_EXT1
from tracekit.localdb.wire.messages.binds import (
    BindLayout,
    BindMetadata,
    count_returned,
    parse_bind_metadata,
)
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcReader

NO_BINDS = BindLayout(())
_VECTOR_LENGTH = 13
_DML_ROW_COUNTS = 0x4000
_SCROLLABLE = 0x2
_COMMIT_REEXECUTE = 0x1
_MOST_ROWS = 1 << 26
_MOST_EMPTY_ROWS = 1 << 20
"""The maximum number of executions without binds, which a client can request at no cost."""


class ExecuteOption(IntFlag):
    """What an execute request asks for."""

    PARSE = 0x01
    BIND = 0x08
    DEFINE = 0x10
    EXECUTE = 0x20
    FETCH = 0x40
    COMMIT = 0x100
    NOT_PLSQL = 0x8000
    DESCRIBE = 0x20000
    BATCH_ERRORS = 0x80000


class Scroll(Enum):
    """How a client names the row of a scrollable cursor to fetch first."""

    CURRENT = 0x01
    FIRST = 0x04
    LAST = 0x08
    ABSOLUTE = 0x20
    RELATIVE = 0x40
    """Like ABSOLUTE: clients add the current row number themselves."""


_SCROLLS = {scroll.value: scroll for scroll in Scroll}


@dataclass(frozen=True)
class ExecuteRequest:
    """Function 94: execute."""

    options: int
    cursor_id: int
    """0 for a new cursor."""
    sql: str | None
    """None to use the cursor's own statement."""
    prefetch_rows: int
    row_counts_wanted: bool
    layout: BindLayout
    bind_rows: Sequence[Sequence[Any]] = field(repr=False)
    defines: Sequence[BindMetadata] = ()
    """The form in which the client wants the columns, one per column; empty if unspecified."""
    scroll: Scroll | None = None
    """Set for scrollable cursors."""
    position: int = 0
    """The number of the first row to fetch, starting with 1."""

    def has(self, option: ExecuteOption) -> bool:
        """Whether `option` is set."""
        return bool(self.options & option)


@dataclass(frozen=True)
class ReexecuteRequest:
    """Functions 78 and 4: run a cursor's statement again, with binds described before."""

    cursor_id: int
    rows: int
    """Rows to fetch (78) or executions (4)."""
    commit: bool
    bind_rows: Sequence[Sequence[Any]] = field(repr=False)


def parse_execute(
    reader: TtcReader, field_version: int, find_sql: Callable[[int], str]
) -> ExecuteRequest:
    """Parse the body of function 94.

    Args:
        reader: A reader positioned after the function header.
        field_version: The negotiated message layout.
        find_sql: Returns a cursor's statement, which determines the length of the rows of binds.

    Raises:
        RemoteWireError: the body is malformed.
    """
    options, cursor_id = reader.ub4(), reader.ub4()
    reader.skip(1)
    sql_bytes = reader.ub4()
    reader.skip(1)
    if (length := reader.ub4()) != _VECTOR_LENGTH:
        raise RemoteWireError(f"an execute vector of {length} entries, not {_VECTOR_LENGTH}")
    reader.skip(2)
    reader.ub4()
    prefetch_rows = reader.ub4()
    reader.ub4()
    reader.skip(1)
    bind_count = reader.ub4()
    reader.skip(6)
    define_count = reader.ub4()
    _skip_registration(reader, field_version)
    sql = _sql(reader.bytes_()) if sql_bytes else None
    vector = [reader.ub4() for _ in range(_VECTOR_LENGTH)]
    defines = parse_bind_metadata(reader, define_count, field_version)
    layout = NO_BINDS
    if bind_count:
        layout = BindLayout(
            parse_bind_metadata(reader, bind_count, field_version),
            is_plsql=not options & ExecuteOption.NOT_PLSQL,
            returned=count_returned(sql if sql is not None else find_sql(cursor_id)),
        )
    executions = 1 if vector[7] else _row_limit(vector[1], layout)
    return ExecuteRequest(
        options=options,
        cursor_id=cursor_id,
        sql=sql,
        prefetch_rows=prefetch_rows,
        row_counts_wanted=bool(vector[9] & _DML_ROW_COUNTS),
        layout=layout,
        bind_rows=_bind_rows(reader, layout, executions, is_query=bool(vector[7])),
        defines=defines,
        scroll=_scroll(vector[10]) if vector[9] & _SCROLLABLE else None,
        position=vector[11],
    )


def parse_reexecute(
    reader: TtcReader, find_layout: Callable[[int], BindLayout], *, fetches: bool
) -> ReexecuteRequest:
    """Parse the body of function 78 (`fetches`) or 4.

    Args:
        reader: A reader positioned after the function header.
        find_layout: Returns a cursor's bind layout, which determines the length of the request;
            raises an error for an unknown cursor.
        fetches: True for function 78, a query with one row of binds.

    Raises:
        RemoteWireError: the body is malformed.
    """
    cursor_id, rows = reader.ub4(), reader.ub4()
    reader.ub4()
    commit = bool(reader.ub4() & _COMMIT_REEXECUTE)
    layout = find_layout(cursor_id)
    executions = 1 if fetches else _row_limit(rows, layout)
    bind_rows = _bind_rows(reader, layout, executions, is_query=fetches)
    return ReexecuteRequest(cursor_id, rows, commit, bind_rows)


def _bind_rows(
    reader: TtcReader, layout: BindLayout, executions: int, *, is_query: bool
) -> Sequence[Sequence[Any]]:
    if not layout.binds:
        return [()] * executions
    rows = layout.parse_rows(reader, executions)
    while is_query and reader.available and reader.peek() == MessageType.ROW_DATA:
        layout.parse_row(reader)  # executemany of a query, which runs once
    return rows


def _skip_registration(reader: TtcReader, field_version: int) -> None:
    """Skip the fields between the number of defines and the statement."""
    reader.ub4()
    reader.skip(3)
    reader.ub4()
    reader.skip(1)
    reader.ub4()
    reader.ub4()
    reader.skip(1)
    reader.ub4()
    reader.skip(1)
    if field_version >= FIELD_12_2:
        reader.skip(1)
        reader.ub4()
        reader.skip(1)
        reader.ub4()
        reader.skip(1)
        if field_version >= FIELD_12_2_EXT1:
            reader.skip(1)
            reader.ub4()


def _scroll(orientation: int) -> Scroll:
    if orientation not in _SCROLLS:
        raise RemoteWireError(f"fetch orientation {orientation:#x}")
    return _SCROLLS[orientation]


def _row_limit(rows: int, layout: BindLayout) -> int:
    most = _MOST_ROWS if len(layout.binds) > layout.returned else _MOST_EMPTY_ROWS
    if rows > most:
        raise RemoteWireError(f"{rows:,} executions in one request, more than {most:,}")
    return max(rows, 1)


def _sql(data: bytes) -> str:
    try:
        return data.decode("utf-8").rstrip("\0")
    except UnicodeDecodeError as exc:
        raise RemoteWireError("the statement is not UTF-8") from exc
