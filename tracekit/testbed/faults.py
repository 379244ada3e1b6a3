"""Inject faults into a running local Oracle, and count how often they occurred."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypedDict, Unpack

import msgspec

from tracekit.errors import ConfigError
from tracekit.localdb.faults import AnyFault, Fault, make_fault, parse_fault


class Scope(TypedDict, total=False):
    """When and how often a fault occurs; by default always, on every connection."""

    connection: int
    """Only the n-th connect since the fault was set, from 1."""
    every: int
    """Only each k-th connect since the fault was set."""
    times: int
    """Only this number of times."""
    once: bool
    """The same as `times=1`."""


class CallScope(Scope, total=False):
    """Where a fault of logged-on sessions occurs."""

    statement: str
    """Only statements in which this regular expression is found, upper or lower case."""


class Faults:
    """The faults of one local Oracle: `LocalOracle.faults`.

    Each method adds a fault to those set before, and returns it as a record; the kinds are
    described in `tracekit.localdb.faults`. A fault stays set until `clear`.

    Args:
        ask: Sends a command to the server and returns its answer.

    Raises:
        ConfigError: from each method, if a value is invalid.
        ConnectError: from each method, if the server is not running.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._ask = ask

    def add(self, fault: AnyFault | str) -> AnyFault:
        """Set a fault given as a record or as text, `drop_after rows=5000 once`."""
        found = parse_fault(fault) if isinstance(fault, str) else fault
        self._ask({"do": "add_fault", "fault": msgspec.to_builtins(found)})
        return found

    def refuse(self, code: int = 12514, **scope: Unpack[Scope]) -> AnyFault:
        """Connects are refused with ORA-`code`."""
        return self._make("refuse", scope, code=code)

    def hang_connect(self, **scope: Unpack[Scope]) -> AnyFault:
        """Connects are accepted and never answered."""
        return self._make("hang_connect", scope)

    def deny_login(self, code: int = 1017, **scope: Unpack[Scope]) -> AnyFault:
        """The right password is refused with ORA-`code`."""
        return self._make("deny_login", scope, code=code)

    def drop(self, **scope: Unpack[CallScope]) -> AnyFault:
        """The connection ends instead of a reply."""
        return self._make("drop", scope)

    def drop_after(self, rows: int, **scope: Unpack[CallScope]) -> AnyFault:
        """The connection ends after `rows` rows of a result."""
        return self._make("drop_after", scope, rows=rows)

    def drop_in_row(self, row: int, **scope: Unpack[CallScope]) -> AnyFault:
        """The connection ends in the middle of row number `row` of a result, from 1."""
        return self._make("drop_in_row", scope, row=row)

    def truncate(self, rows: int | None = None, **scope: Unpack[CallScope]) -> AnyFault:
        """The connection ends in the middle of a packet, immediately or after `rows` rows."""
        return self._make("truncate", scope, rows=rows)

    def half_open(self, rows: int | None = None, **scope: Unpack[CallScope]) -> AnyFault:
        """Nothing is answered, not even a break, immediately or after `rows` rows."""
        return self._make("half_open", scope, rows=rows)

    def error(
        self,
        code: int,
        rows: int | None = None,
        *,
        text: str | None = None,
        **scope: Unpack[CallScope],
    ) -> AnyFault:
        """ORA-`code` instead of a reply, or after `rows` rows of a result."""
        return self._make("error", scope, code=code, rows=rows, text=text)

    def stall(self, rows: int | None = None, **scope: Unpack[CallScope]) -> AnyFault:
        """The database waits until `release`, or until the client breaks off."""
        return self._make("stall", scope, rows=rows)

    def delay(self, seconds: float, **scope: Unpack[CallScope]) -> AnyFault:
        """Each round trip takes `seconds` longer."""
        return self._make("delay", scope, seconds=seconds)

    def delay_rows(self, seconds: float, **scope: Unpack[CallScope]) -> AnyFault:
        """Each row of a result takes `seconds` longer."""
        return self._make("delay_rows", scope, seconds=seconds)

    def release(self) -> None:
        """Let stalled calls continue, and disable the stalls set so far."""
        self._ask({"do": "release_stalls"})

    def clear(self) -> None:
        """Remove all faults and their counts."""
        self._ask({"do": "clear_faults"})

    @property
    def fired(self) -> dict[Fault, int]:
        """How often each fault set since the last `clear` occurred."""
        counts: dict[Fault, int] = {}
        for fault, fired in self._ask({"do": "status"})["faults"]:
            found = msgspec.convert(fault, AnyFault)
            counts[found] = counts.get(found, 0) + fired
        return counts

    def _make(self, kind: str, scope: CallScope | Scope, **fields: object) -> AnyFault:
        return self.add(make_fault(kind, {**fields, **scope}))


def as_records(faults: Iterable[AnyFault | str]) -> list[AnyFault]:
    """Faults given as records or text.

    Raises:
        ConfigError: a text does not describe a fault.
    """
    if isinstance(faults, str):
        raise ConfigError(f"faults={faults!r}: expected a list of faults, not one text")
    return [parse_fault(fault) if isinstance(fault, str) else fault for fault in faults]
