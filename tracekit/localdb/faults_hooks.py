"""One session's faults: looks at the board wherever the session asks, and strikes."""

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
"""How long the pauses of slow rows are at least, so that they are few."""


class FaultHooks(SessionHooks):
    """Strikes one session with what stands on `board`."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self._connection = 0
        self._sql: str | None = None
        self._check: Callable[[], None] = lambda: None

    def begin(self, check: Callable[[], None]) -> None:
        """Remember how to see that a wait is for nobody."""
        self._check = check

    def before_connect(self) -> None:
        """Number this connection; refuse it or say nothing."""
        self._connection = self._board.count_connect()
        self._strike(lambda one: isinstance(one.fault, Refuse | HangConnect))

    def before_login(self, user: str) -> None:
        """Deny the login."""
        self._strike(lambda one: isinstance(one.fault, DenyLogin))

    def before_call(self, function: str) -> None:
        """Strike with the faults of any round trip, but let a client that leaves leave."""
        self._sql = None
        if function != "LOGOFF":
            self._strike(lambda one: _strikes_calls(one.fault) and not one.needs_statement)

    def before_statement(self, sql: str) -> None:
        """Strike with the faults of this statement's round trips."""
        self._sql = sql
        self._strike(lambda one: _strikes_calls(one.fault) and one.needs_statement)

    def before_rows(self, sent: int, wanted: int) -> int:
        """Strike with the faults of this row; go no further than the next fault's row."""
        self._strike(
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
            self._pay_for(most)
        return most

    def _pay_for(self, rows: int) -> None:
        chosen = self._board.striking(
            self._connection, self._sql, lambda one: isinstance(one.fault, DelayRows)
        )
        for one in chosen:
            assert isinstance(one.fault, DelayRows)
            one.hold(self._check, one.fault.seconds * rows)

    def _strike(self, chosen: Callable[[SetFault], bool]) -> None:
        for one in self._board.striking(self._connection, self._sql, chosen):
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
                raise AssertionError("slow rows are paid for elsewhere")


def _strikes_calls(fault: AnyFault) -> bool:
    return (
        isinstance(fault, CallFault)
        and fault.after_rows is None
        and not isinstance(fault, DelayRows)
    )


def _after_rows(fault: AnyFault) -> int | None:
    return fault.after_rows if isinstance(fault, CallFault) else None
