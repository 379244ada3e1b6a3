"""The faults that are currently set, shared by all sessions of a server."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

from tracekit.localdb.faults import AnyFault, CallFault, Stall

_LOOK_SECONDS = 0.02


class SetFault:
    """A fault on the board.

    Args:
        fault: The fault.
        connects_before: The number of connects before it was set; they do not count.
    """

    def __init__(self, fault: AnyFault, connects_before: int) -> None:
        self.fault = fault
        self.fired = 0
        self._connects_before = connects_before
        self._lifted = threading.Event()
        statement = fault.statement if isinstance(fault, CallFault) else None
        self._statement = re.compile(statement, re.IGNORECASE) if statement is not None else None

    @property
    def needs_statement(self) -> bool:
        """Whether it fires only in calls for statements that it matches."""
        return self._statement is not None

    def can_fire(self, connection: int, sql: str | None) -> bool:
        """Whether it is still set and applies to this connection and statement."""
        fault, number = self.fault, connection - self._connects_before
        return (
            not self._lifted.is_set()
            and (fault.times is None or self.fired < fault.times)
            and (fault.connection is None or number == fault.connection)
            and (fault.every is None or (number > 0 and number % fault.every == 0))
            and (self._statement is None or bool(sql and self._statement.search(sql)))
        )

    def lift(self) -> None:
        """Disable it, and release the calls that it holds."""
        self._lifted.set()

    def hold(self, check: Callable[[], None], seconds: float | None = None) -> None:
        """Wait for `seconds` or until it is lifted; `check` can end the wait with an exception."""
        end = None if seconds is None else monotonic() + seconds
        while end is None or end > monotonic():
            check()
            left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - monotonic())
            if self._lifted.wait(max(0.0, left)):
                return


class FaultBoard:
    """The faults that are set, and how often each has fired; thread-safe."""

    def __init__(self, faults: Iterable[AnyFault] = ()) -> None:
        self._lock = threading.Lock()
        self._connects = itertools.count(1)
        self._connects_so_far = 0
        self._set: list[SetFault] = [SetFault(fault, 0) for fault in faults]

    def add(self, fault: AnyFault) -> None:
        """Set `fault` in addition to those already set."""
        with self._lock:
            self._set.append(SetFault(fault, self._connects_so_far))

    def clear(self) -> None:
        """Lift and forget all faults."""
        with self._lock:
            lifted, self._set = self._set, []
        for one in lifted:
            one.lift()

    def release(self) -> None:
        """Lift the stalls, so that stalled calls continue."""
        with self._lock:
            stalls = [one for one in self._set if isinstance(one.fault, Stall)]
        for one in stalls:
            one.lift()

    def fired(self) -> list[tuple[AnyFault, int]]:
        """Every fault set since the last `clear`, and how often it fired."""
        with self._lock:
            return [(one.fault, one.fired) for one in self._set]

    def count_connect(self) -> int:
        """Return the number of a new connection, starting with 1."""
        with self._lock:
            self._connects_so_far = next(self._connects)
            return self._connects_so_far

    def pending(self, connection: int, sql: str | None) -> list[SetFault]:
        """The faults that can fire for this connection in a call for `sql`."""
        with self._lock:
            return [one for one in self._set if one.can_fire(connection, sql)]

    def firing(
        self, connection: int, sql: str | None, chosen: Callable[[SetFault], bool]
    ) -> Iterator[SetFault]:
        """Yield the `chosen` faults of `pending`, counting each one."""
        for one in self.pending(connection, sql):
            if chosen(one) and self._count(one, connection, sql):
                yield one

    def _count(self, one: SetFault, connection: int, sql: str | None) -> bool:
        # Check again: another session may have fired it for the last time in between.
        with self._lock:
            if not one.can_fire(connection, sql):
                return False
            one.fired += 1
            return True
