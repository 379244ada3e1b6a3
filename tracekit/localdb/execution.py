"""Run statements: parse, describe, execute, fetch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tracekit.localdb.backend import (
    BackendSession,
    BindType,
    EmptyLob,
    ExecuteOutcome,
    ResultStream,
    ReturnedColumns,
    ReturnedLob,
    StatementKind,
)
from tracekit.localdb.cursors import Cursor, CursorTable, RowFeed
from tracekit.localdb.hooks import Cut, Manner, SessionHooks
from tracekit.localdb.lob_binds import bind_parts, run_parts
from tracekit.localdb.lobs import SessionLobs
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.response import Response
from tracekit.localdb.scrolling import ScrollableFeed
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.messages.binds import CursorBind, Unsupported
from tracekit.localdb.wire.messages.describe import make_cursor_field, make_describe
from tracekit.localdb.wire.messages.end import BATCH_ERRORS, END_OF_ROWS, EndOfCall
from tracekit.localdb.wire.messages.execute import (
    ExecuteOption,
    ExecuteRequest,
    ReexecuteRequest,
)
from tracekit.localdb.wire.messages.fetch import FetchRequest
from tracekit.localdb.wire.messages.results import (
    ROW_HEADER,
    make_block_vector,
    make_dml_row_counts,
    make_filled_values,
    make_io_vector,
    make_returned_values,
)
from tracekit.localdb.wire.rows_lob import LobKeeper, has_lobs, lob_field

_ROLLBACK = re.compile(r"\s*ROLLBACK\b", re.IGNORECASE)


class Execution:
    """Runs a session's statements; each method adds to a reply and returns how the call ended."""

    def __init__(
        self,
        backend: BackendSession,
        hooks: SessionHooks,
        field_version: int,
        lobs: SessionLobs,
    ) -> None:
        self.cursors = CursorTable()
        self.cursor: Cursor | None = None
        """The cursor of the current call, once it is known."""
        self._backend = backend
        self._hooks = hooks
        self._field_version = field_version
        self._lobs = lobs

    @property
    def rolls_back(self) -> bool:
        """Whether the current call runs ROLLBACK, to a savepoint or of everything."""
        return self.cursor is not None and _ROLLBACK.match(self.cursor.sql) is not None

    def execute(self, request: ExecuteRequest, response: Response) -> EndOfCall:
        """Function 94: any combination of parse, describe, define, execute and fetch."""
        self.save_lobs()
        cursor = self.cursor = self._cursor_of(request)
        self._hooks.before_statement(cursor.sql)
        statement = cursor.statement
        if statement is None:  # a cursor that a block opened
            if request.has(ExecuteOption.EXECUTE) or cursor.feed is None:
                raise OraError(1003, "no statement parsed")
            if request.defines:
                cursor.sending.define(cursor.feed, request.defines)
            return self._send_rows(cursor, cursor.feed, request.prefetch_rows, response)
        if request.layout.binds:
            cursor.set_layout(request.layout)
        if request.has(ExecuteOption.DESCRIBE):
            if statement.kind is StatementKind.QUERY:
                columns = self._backend.describe(statement)
                response.add(make_describe(columns, self._field_version))
                cursor.sending.describe(columns)
                if request.defines:
                    cursor.sending.define(None, request.defines)
            return self._end(cursor)
        if request.defines:
            cursor.sending.define(cursor.feed, request.defines)
        if not request.has(ExecuteOption.EXECUTE) or _goes_on(request, cursor.feed):
            return self._fetch_more(cursor, request, response)
        if request.has(ExecuteOption.BATCH_ERRORS) and statement.kind is StatementKind.DML:
            end = self._execute_each(cursor, request, response)
        else:
            end = self._run(
                cursor,
                request.bind_rows,
                request.prefetch_rows,
                response,
                row_counts_wanted=request.row_counts_wanted,
                only_lobs=not request.has(ExecuteOption.FETCH),
                scrollable=request.scroll is not None,
            )
        if request.has(ExecuteOption.COMMIT):
            end = self._committed(end)
        return end

    def reexecute(
        self, request: ReexecuteRequest, response: Response, *, fetches: bool
    ) -> EndOfCall:
        """Functions 78 (`fetches`) and 4: run the cursor's statement with new bind values."""
        self.save_lobs()
        cursor = self.cursor = self.cursors.find(request.cursor_id)
        self._hooks.before_statement(cursor.sql)
        rows = request.rows if fetches else 0
        end = self._run(cursor, request.bind_rows, rows, response)
        return self._committed(end) if request.commit else end

    def fetch(self, request: FetchRequest, response: Response) -> EndOfCall:
        """Function 5: send the next rows of an open result."""
        cursor = self.cursor = self.cursors.find(request.cursor_id)
        self._hooks.before_statement(cursor.sql)
        if cursor.feed is None:
            raise OraError(1002, "fetch out of sequence")
        return self._send_rows(cursor, cursor.feed, request.rows, response)

    def save_lobs(self) -> None:
        """Store what the client wrote to the LOBs of locked rows.

        Raises:
            OraError: a value could not be stored; ORA-22920 if its row is gone.
        """
        for place, value in self._lobs.unsaved():
            update = self._backend.prepare(
                f'UPDATE {place.table} SET "{place.column}" = :1 WHERE ROWID = :2'  # noqa: S608
            )
            lob_type = OracleType.CLOB if isinstance(value, str) else OracleType.BLOB
            kinds = [BindType(lob_type, 0), BindType(OracleType.VARCHAR2, len(place.rowid))]
            row = [value or EmptyLob(value), place.rowid]
            if self._backend.execute(update, [row], kinds).row_count != 1:
                raise OraError(22920, "row containing the LOB value is not locked")

    def _fetch_more(self, cursor: Cursor, request: ExecuteRequest, response: Response) -> EndOfCall:
        """Send rows of the open result: after a define, or for a scrollable or nested cursor."""
        feed = cursor.feed
        wants_rows = request.has(ExecuteOption.FETCH) or request.defines or request.scroll
        if feed is None or not wants_rows:
            return self._end(cursor)
        if request.scroll is None:
            return self._send_rows(cursor, feed, request.prefetch_rows, response)
        if not isinstance(feed, ScrollableFeed):
            raise OraError(1002, "fetch out of sequence")
        feed.move(request.scroll, request.position)
        return self._send_rows(cursor, feed, request.prefetch_rows, response)

    def _cursor_of(self, request: ExecuteRequest) -> Cursor:
        """The request's cursor, with its statement parsed."""
        if request.sql is None:
            return self.cursors.find(request.cursor_id)
        statement = self._backend.prepare(request.sql)
        cursor = self.cursors.find(request.cursor_id) if request.cursor_id else self.cursors.open()
        cursor.close_result()
        cursor.statement, cursor.sql, cursor.described = statement, request.sql, None
        cursor.sending.forget()
        return cursor

    def _run(
        self,
        cursor: Cursor,
        bind_rows: Sequence[Sequence[Any]],
        fetch_rows: int,
        response: Response,
        *,
        row_counts_wanted: bool = False,
        only_lobs: bool = False,
        scrollable: bool = False,
    ) -> EndOfCall:
        outcome = self._execute_rows(cursor, bind_rows)
        if outcome.result is not None:
            feed = self._open_feed(cursor, outcome.result, scrollable=scrollable)
            is_described = self._describe_if_new(cursor, feed, response)
            may_send = cursor.sending.begin(feed, self._lobs.keeper, is_described=is_described)
            if only_lobs and not has_lobs(feed.columns):  # clients set no flag for these
                may_send = False
            return self._send_rows(cursor, feed, fetch_rows if may_send else 0, response)
        for failure in outcome.failures:
            raise OraError(
                failure.error.number,
                failure.error.text,
                position=failure.row,
                row_count=outcome.row_count,
            )
        if cursor.layout.is_plsql and cursor.layout.binds:
            self._add_filled(cursor, outcome.filled, response)
        self._add_returned(cursor, outcome.returned, response)
        if row_counts_wanted:
            response.add(make_dml_row_counts(outcome.row_counts))
        return self._end(cursor, row_count=outcome.row_count)

    def _open_feed(
        self, cursor: Cursor, result: ResultStream, *, scrollable: bool
    ) -> RowFeed | ScrollableFeed:
        if scrollable:
            cursor.feed = ScrollableFeed(result, self._backend.spool_folder)
        else:
            cursor.feed = RowFeed(result)
        return cursor.feed

    def _add_returned(
        self, cursor: Cursor, returned: Sequence[ReturnedColumns], response: Response
    ) -> None:
        if returned:
            response.add(make_io_vector(len(cursor.layout.binds), cursor.layout.returned))
            keeper = cursor.sending.keep_returned(self._lobs.keeper)
            for columns in returned:
                fields = [[_field(value, keeper) for value in values] for values in columns]
                response.add(make_returned_values(fields))

    def _add_filled(
        self,
        cursor: Cursor,
        filled: Mapping[int, bytes | ReturnedLob | ResultStream],
        response: Response,
    ) -> None:
        """Send the values that a PL/SQL block assigned to its binds."""
        response.add(make_block_vector([i in filled for i in range(len(cursor.layout.binds))]))
        if filled:
            keeper = cursor.sending.keep_returned(self._lobs.keeper)
            fields = []
            for place in sorted(filled):
                value = filled[place]
                if isinstance(value, (bytes, ReturnedLob)):
                    fields.append(_field(value, keeper))
                else:
                    fields.append(self._nested_cursor(value))
            response.add(make_filled_values(fields))

    def _nested_cursor(self, result: ResultStream) -> bytes:
        """Encode a cursor that is open on `result`."""
        cursor = self.cursors.open()
        cursor.feed = RowFeed(result)
        cursor.described = tuple(result.columns)
        cursor.sending.begin(cursor.feed, self._lobs.keeper, is_described=True)
        return make_cursor_field(cursor.described, cursor.id, self._field_version)

    def _execute_rows(
        self, cursor: Cursor, bind_rows: Sequence[Sequence[Any]], *, go_on: bool = False
    ) -> ExecuteOutcome:
        cursor.close_result()
        assert cursor.statement is not None
        is_block = cursor.statement.kind is StatementKind.PLSQL
        unusable = Unsupported if is_block else (Unsupported, CursorBind)
        layout = cursor.layout
        fills_objects = layout.has_objects and (is_block or layout.returned)
        if fills_objects or any(isinstance(value, unusable) for row in bind_rows for value in row):
            raise OraError(3115, "unsupported network datatype or representation")
        run = partial(
            self._backend.execute, cursor.statement, bind_types=cursor.bind_types, go_on=go_on
        )
        if not layout.has_lobs:
            return run(bind_rows)
        parts = bind_parts(bind_rows, self._lobs)
        return run_parts(parts, run, go_on=go_on)

    def _execute_each(
        self, cursor: Cursor, request: ExecuteRequest, response: Response
    ) -> EndOfCall:
        """Run every row of binds, continuing after errors."""
        outcome = self._execute_rows(cursor, request.bind_rows, go_on=True)
        self._add_returned(cursor, outcome.returned, response)
        if request.row_counts_wanted:
            response.add(make_dml_row_counts(outcome.row_counts))
        failures = outcome.failures
        return EndOfCall(
            number=BATCH_ERRORS if failures else 0,
            message=f"ORA-{BATCH_ERRORS}: error(s) in array DML" if failures else "",
            cursor_id=cursor.id,
            row_count=outcome.row_count,
            in_transaction=self._backend.in_transaction,
            batch_errors=failures,
        )

    def _describe_if_new(
        self, cursor: Cursor, feed: RowFeed | ScrollableFeed, response: Response
    ) -> bool:
        """Describe the columns unless the client knows them; returns whether it did."""
        columns = tuple(feed.columns)
        if columns != cursor.described:
            cursor.described = columns
            response.add(make_describe(columns, self._field_version))
            return True
        return False

    def _send_rows(
        self, cursor: Cursor, feed: RowFeed | ScrollableFeed, wanted: int, response: Response
    ) -> EndOfCall:
        left = wanted
        while left:
            ready = feed.ready()
            if left == wanted and ready:
                response.add(ROW_HEADER)
            count = self._rows_to_send(feed, min(left, ready), response)
            if not ready:
                break
            response.add(feed.take(count))
            left -= count
        if not left:
            return self._end(cursor, row_count=feed.sent)
        if isinstance(feed, RowFeed):
            cursor.close_result()
        return self._end(
            cursor, row_count=feed.sent, number=END_OF_ROWS, message="ORA-01403: no data found"
        )

    def _rows_to_send(self, feed: RowFeed | ScrollableFeed, ready: int, response: Response) -> int:
        try:
            return self._hooks.before_rows(feed.sent, ready)
        except Cut as cut:
            if cut.manner is Manner.IN_ROW:
                row = feed.take(1)
                response.add(row[: len(row) // 2])
            raise

    def _committed(self, end: EndOfCall) -> EndOfCall:
        if self._backend.in_transaction:
            self._backend.commit()
        return replace(end, in_transaction=self._backend.in_transaction)

    def _end(
        self, cursor: Cursor, *, row_count: int = 0, number: int = 0, message: str = ""
    ) -> EndOfCall:
        return EndOfCall(
            number=number,
            message=message,
            cursor_id=cursor.id,
            row_count=row_count,
            in_transaction=self._backend.in_transaction,
        )


def _goes_on(request: ExecuteRequest, feed: RowFeed | ScrollableFeed | None) -> bool:
    """Whether the client wants the next rows of a scrollable cursor, which looks like an execution.

    Only the position shows that (`_create_execute_message` in `impl/thin/cursor.pyx`).
    """
    return request.scroll is not None and request.position > 1 and feed is not None


def _field(value: bytes | ReturnedLob, keeper: LobKeeper) -> bytes:
    if isinstance(value, bytes):
        return value
    return lob_field(keeper.keep(memoryview(value.value), value.column, value.place))
