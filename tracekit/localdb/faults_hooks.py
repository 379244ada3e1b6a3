"""Inject the faults of the board into a session."""

from __future__ import annotations

from collections.abc import Callable

from tracekit.localdb.faults import (
    AnyFault,
    CallFault,
    Delay,
    DelayRows,
    DenyLogin,
    Drop,
    DropAfter,
    DropInRow,
    Error,
    HalfOpen,
    HangConnect,
    Refuse,
    Stall,
    Truncate,
)
from tracekit.localdb.faults_board import FaultBoard, SetFault
from tracekit.localdb.hooks import Cut, Manner, SessionHooks
from tracekit.localdb.ora_error import OraError

_TEXTS = {
    28: "your session has been killed",
    1017: "invalid username/password; logon denied",
    1555: 'snapshot too old: rollback segment number 0 with name "" too small',
    3113: "end-of-file on communication channel",
    28000: "the account is locked",
}
_PAUSE_SECONDS = 0.02
"""The minimum pause for slow rows, so that there are few pauses."""


class FaultHooks(SessionHooks):
    """Injects the faults on `board` into one session."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self._connection = 0
        self._sql: str | None = None
        self._check: Callable[[], None] = lambda: None

    def begin(self, check: Callable[[], None]) -> None:
        """Store the function that ends waits for a client that left."""
        self._check = check

    def before_connect(self) -> None:
        """Number this connection; refuse it or do not answer."""
        self._connection = self._board.count_connect()
        self._fire(lambda one: isinstance(one.fault, Refuse | HangConnect))

    def before_login(self, user: str) -> None:
        """Refuse the login."""
        self._fire(lambda one: isinstance(one.fault, DenyLogin))

    def before_call(self, function: str) -> None:
        """Fire the faults of any round trip, but let a client disconnect."""
        self._sql = None
        if function != "LOGOFF":
            self._fire(lambda one: _fires_in_calls(one.fault) and not one.needs_statement)

    def before_statement(self, sql: str) -> None:
        """Fire the faults of this statement's round trips."""
        self._sql = sql
        self._fire(lambda one: _fires_in_calls(one.fault) and one.needs_statement)

    def before_rows(self, sent: int, wanted: int) -> int:
        """Fire the faults of this row; continue at most to the next fault's row."""
        self._fire(
            lambda one: (
                _after_rows(one.fault) == sent
                and (wanted > 0 or not isinstance(one.fault, DropInRow))
            )
        )
        most = wanted
        for one in self._board.pending(self._connection, self._sql):
            rows = _after_rows(one.fault)
            if rows is not None and sent < rows:
                most = min(most, rows - sent)
            if isinstance(one.fault, DelayRows):
                most = min(most, max(1, round(_PAUSE_SECONDS / one.fault.seconds)))
        if most:
            self._delay_rows(most)
        return most

    def _delay_rows(self, rows: int) -> None:
        chosen = self._board.firing(
            self._connection, self._sql, lambda one: isinstance(one.fault, DelayRows)
        )
        for one in chosen:
            assert isinstance(one.fault, DelayRows)
            one.hold(self._check, one.fault.seconds * rows)

    def _fire(self, chosen: Callable[[SetFault], bool]) -> None:
        for one in self._board.firing(self._connection, self._sql, chosen):
            self._act(one)

    def _act(self, one: SetFault) -> None:
        match one.fault:
            case Delay(seconds=seconds):
                one.hold(self._check, seconds)
            case Stall():
                one.hold(self._check)
            case Error(code=code, text=text):
                raise OraError(code, text or _TEXTS.get(code, "a fault set in the local Oracle"))
            case Refuse(code=code) | DenyLogin(code=code):
                raise OraError(code, _TEXTS.get(code, "a fault set in the local Oracle"))
            case Drop() | DropAfter():
                raise Cut(Manner.CLOSED)
            case DropInRow():
                raise Cut(Manner.IN_ROW)
            case Truncate():
                raise Cut(Manner.IN_PACKET)
            case HalfOpen() | HangConnect():
                raise Cut(Manner.SILENT)
            case DelayRows():
                raise AssertionError("_delay_rows handles it")


def _fires_in_calls(fault: AnyFault) -> bool:
    return (
        isinstance(fault, CallFault)
        and fault.after_rows is None
        and not isinstance(fault, DelayRows)
    )


def _after_rows(fault: AnyFault) -> int | None:
    return fault.after_rows if isinstance(fault, CallFault) else None
