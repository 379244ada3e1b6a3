"""A logged-on client's session: read its requests, run them, reply."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tracekit.errors import RemoteWireError
from tracekit.localdb.backend import BackendSession
from tracekit.localdb.connection import BreakRequested, Connection, ConnectionClosed
from tracekit.localdb.defect import log_defect
from tracekit.localdb.execution import Execution
from tracekit.localdb.hooks import Cut, SessionHooks
from tracekit.localdb.lob_calls import LobCalls
from tracekit.localdb.lobs import SessionLobs, StagedData
from tracekit.localdb.memory_guard import MemoryGuard
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.response import Response
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.wire.capabilities import Agreement
from tracekit.localdb.wire.messages.auth import parse_auth
from tracekit.localdb.wire.messages.binds import BindLayout
from tracekit.localdb.wire.messages.end import (
    BATCH_ERRORS,
    END_OF_ROWS,
    EndOfCall,
    make_end_of_call,
    make_status,
)
from tracekit.localdb.wire.messages.execute import parse_execute, parse_reexecute
from tracekit.localdb.wire.messages.fetch import parse_fetch
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
    Piggyback,
    SetAttributes,
    SetSchema,
    parse_piggyback,
)
from tracekit.localdb.wire.messages.server_piggyback import make_current_schema
from tracekit.localdb.wire.primitives import TtcReader

_log = logging.getLogger(__name__)

_MOST_REQUEST_BYTES = 1 << 30
_NO_ERROR = frozenset({0, END_OF_ROWS, BATCH_ERRORS})
_UNIMPLEMENTED = frozenset({103, 104, 121, 122, 125, 128, 129, 130, 145, 162, 187})
"""Two-phase commit, queues, notifications, direct path load and resident pools."""
_CANCELLED = "user requested cancel of current operation"

_CANCELLED_NUMBER = 1013
_OUT_OF_MEMORY = OraError(
    4030, "out of process memory: the statement needs more than the local Oracle allows"
)

Call = Callable[[Response], EndOfCall]


class Session:
    """Serves the requests of a logged-on client until it leaves.

    Args:
        connection: The client's packets.
        reader: The client's TTC stream, positioned after the login.
        agreement: The capabilities negotiated at connect.
        backend: The client's database session; closed by the caller.
        hooks: Called wherever a fault can fire.
        guard: Ends calls that need too much memory.
    """

    def __init__(
        self,
        connection: Connection,
        reader: TtcReader,
        agreement: Agreement,
        backend: BackendSession,
        hooks: SessionHooks,
        guard: MemoryGuard,
    ) -> None:
        self._guard = guard
        self._connection = connection
        self._reader = reader
        self._agreement = agreement
        self._backend = backend
        self._hooks = hooks
        self._lobs = SessionLobs(backend.spool_folder)
        self._lob_calls = LobCalls(self._lobs)
        self._execution = Execution(backend, hooks, agreement.field_version, self._lobs)
        self._told_schema = backend.current_schema
        self._aborting_pipeline = False
        self._pipeline_failed = False
        self._logged_off = False

    def run(self) -> None:
        """Serve the client until it logs off.

        Raises:
            ConnectionClosed: the client disconnected without logging off.
            RemoteWireError: the client sent malformed data.
        """
        try:
            while not self._logged_off:
                try:
                    self._serve_next()
                except BreakRequested:
                    self._answer_break()
        finally:
            self._connection.end_call()
            self._execution.cursors.close_all()
            self._lobs.close()

    def _serve_next(self) -> None:
        """Read a complete request, run it and reply."""
        self._reader.start_message(_MOST_REQUEST_BYTES)
        self._execution.cursor = None
        response = Response(self._connection, self._agreement)
        name, call, piggybacks = self._parse_request()
        self._connection.begin_call(self._backend.interrupt)
        was_in_transaction = self._backend.in_transaction
        try:
            self._connection.check()
            with self._guard.guarding(self._backend.interrupt) as guarded:
                end = self._run_call(name, call, piggybacks, response)
            if guarded.is_ended and end.number == _CANCELLED_NUMBER:
                end = replace(end, number=_OUT_OF_MEMORY.number, message=str(_OUT_OF_MEMORY))
        finally:
            self._connection.end_call()
        if self._logged_off:
            response.finish(make_status())
            return
        undone = name == "ROLLBACK" or self._execution.rolls_back or end.number not in _NO_ERROR
        if self._execution.rolls_back or (was_in_transaction and not self._backend.in_transaction):
            self._lobs.end_transaction(kept=not undone)
        self._pipeline_failed = self._pipeline_failed or end.number not in _NO_ERROR
        if self._told_schema != self._backend.current_schema:
            self._told_schema = self._backend.current_schema
            response.add(make_current_schema(shown_name(self._told_schema)))
        response.finish(self._end_message(end))

    def _parse_request(self) -> tuple[str, Call, list[Piggyback]]:
        field_version = self._agreement.field_version
        piggybacks: list[Piggyback] = []
        header = parse_function_header(self._reader, field_version)
        while header.message_type is MessageType.PIGGYBACK:
            piggybacks.append(parse_piggyback(self._reader, header.code))
            header = parse_function_header(self._reader, field_version)
        try:
            call = self._parse_function(header)
        except OraError as error:  # the length of the rest of the request is unknown
            self._reader.discard()
            call = partial(_fail, error)
        return header.name, call, piggybacks

    def _parse_function(self, header: FunctionHeader) -> Call:
        reader, execution = self._reader, self._execution
        if header.code in _UNIMPLEMENTED:
            raise OraError(3001, "unimplemented feature")
        match header.code:
            case FunctionCode.EXECUTE:
                execute = parse_execute(reader, self._agreement.field_version, self._sql_of)
                return partial(execution.execute, execute)
            case FunctionCode.REEXECUTE | FunctionCode.REEXECUTE_AND_FETCH:
                fetches = header.code == FunctionCode.REEXECUTE_AND_FETCH
                again = parse_reexecute(reader, self._layout_of, fetches=fetches)
                return partial(execution.reexecute, again, fetches=fetches)
            case FunctionCode.FETCH:
                return partial(execution.fetch, parse_fetch(reader))
            case FunctionCode.LOB_OP:
                operation = parse_lob_op(reader, self._lobs.stage())
                return partial(self._operate_on_lob, operation)
            case FunctionCode.AUTH_PHASE_TWO:
                parse_auth(reader)
                refusal = "changing the password (restart the local Oracle with another one)"
                return partial(_fail, OraError(3001, f"unimplemented feature: {refusal}"))
            case FunctionCode.PIPELINE_END:
                reader.ub4()
                return self._end_pipeline
            case _:
                return self._simple_call(header.code)

    def _simple_call(self, code: int) -> Call:
        """A function without a body."""
        match code:
            case FunctionCode.COMMIT:
                return lambda response: self._after(self._commit)
            case FunctionCode.ROLLBACK:
                return lambda response: self._after(self._backend.rollback)
            case FunctionCode.PING:
                return lambda response: self._after(lambda: None)
            case FunctionCode.LOGOFF:
                return lambda response: self._after(self._log_off)
            case _:
                raise RemoteWireError(f"unknown function {code}")

    def _sql_of(self, cursor_id: int) -> str:
        return self._execution.cursors.find(cursor_id).sql

    def _layout_of(self, cursor_id: int) -> BindLayout:
        return self._execution.cursors.find(cursor_id).layout

    def _run_call(
        self, name: str, call: Call, piggybacks: list[Piggyback], response: Response
    ) -> EndOfCall:
        """Run a call; a database error becomes the end of the call."""
        try:
            for piggyback in piggybacks:
                self._apply(piggyback)
            if self._pipeline_failed and self._aborting_pipeline and name != "PIPELINE_END":
                raise OraError(1013, _CANCELLED)  # clients do not read its message
            self._hooks.before_call(name)
            return call(response)
        except OraError as error:
            self._close_current_result()  # a result that failed is closed
            return self._error_end(error)
        except (BreakRequested, ConnectionClosed):
            self._close_current_result()
            raise
        except Cut as cut:
            self._close_current_result()
            response.cut_off(cut.manner, self._end_message(EndOfCall()))
        except Exception as exc:
            log_defect(_log, f"{self._connection.name} in {name}", exc)
            self._close_current_result()
            # ORA-00600 would make the driver drop the connection.
            return self._error_end(
                OraError(604, f"error in the local Oracle itself ({type(exc).__name__})")
            )

    def _apply(self, piggyback: Piggyback) -> None:
        match piggyback:
            case CloseCursors(cursor_ids):
                self._execution.cursors.close(cursor_ids)
            case SetAttributes(attributes):
                self._backend.set_attributes(attributes)
            case SetSchema(schema):
                self._backend.set_current_schema(schema)
                self._told_schema = self._backend.current_schema
            case FreeLobs(locators):
                self._lobs.free(locators)
            case BeginPipeline(abort_on_error):
                self._aborting_pipeline = abort_on_error
                self._pipeline_failed = False

    def _after(self, action: Callable[[], None]) -> EndOfCall:
        action()
        return EndOfCall(in_transaction=self._backend.in_transaction)

    def _operate_on_lob(self, operation: LobOpRequest[StagedData], response: Response) -> EndOfCall:
        self._lob_calls.run(operation, response)
        return self._after(lambda: None)

    def _commit(self) -> None:
        self._execution.save_lobs()
        self._backend.commit()

    def _log_off(self) -> None:
        self._backend.rollback()
        self._logged_off = True

    def _end_pipeline(self, response: Response) -> EndOfCall:
        self._aborting_pipeline = False
        return self._after(lambda: None)

    def _answer_break(self) -> None:
        """Exchange markers, then send exactly one ORA-01013."""
        self._connection.end_call()
        self._reader.discard()
        self._aborting_pipeline = False
        self._close_current_result()
        self._connection.exchange_reset()
        end = self._error_end(OraError(1013, _CANCELLED))
        Response(self._connection, self._agreement).finish(self._end_message(end))

    def _close_current_result(self) -> None:
        if self._execution.cursor is not None:
            self._execution.cursor.close_result()

    def _error_end(self, error: OraError) -> EndOfCall:
        cursor = self._execution.cursor
        return EndOfCall.from_error(
            error,
            cursor_id=cursor.id if cursor else 0,
            in_transaction=self._backend.in_transaction,
        )

    def _end_message(self, end: EndOfCall) -> bytes:
        return make_end_of_call(end, self._agreement.field_version)


def _fail(error: OraError, response: Response) -> EndOfCall:
    raise error
