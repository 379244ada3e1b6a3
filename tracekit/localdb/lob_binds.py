"""Resolve locators in bind values, in parts that need little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tracekit.localdb.backend import EmptyLob, ExecuteOutcome, ReturnedColumns
from tracekit.localdb.lobs import SessionLobs
from tracekit.localdb.ora_error import RowFailure
from tracekit.localdb.wire.messages.binds import LobBind

MAX_PART_BYTES = 4 << 20
"""The bytes of LOBs to bind together, unless a single row has more."""


def bind_parts(
    rows: Sequence[Sequence[Any]], lobs: SessionLobs
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield rows of binds with the values of their LOBs, in parts that need bounded memory.

    Raises:
        OraError: ORA-22922 if a LOB was freed or belongs to another session.
    """
    part: list[Sequence[Any]] = []
    part_bytes = 0
    for row in rows:
        held = sum(lobs.value_bytes(value.locator) for value in row if isinstance(value, LobBind))
        if part and part_bytes + held > MAX_PART_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append([_value(value, lobs) for value in row])
        part_bytes += held
    if part:
        yield part


def _value(value: Any, lobs: SessionLobs) -> Any:
    if not isinstance(value, LobBind):
        return value
    whole = lobs.value(value.locator)
    return whole or EmptyLob(whole)


def run_parts(
    parts: Iterable[Sequence[Sequence[Any]]],
    run: Callable[[Sequence[Sequence[Any]]], ExecuteOutcome],
    *,
    go_on: bool,
) -> ExecuteOutcome:
    """Run all parts and combine their outcomes.

    Args:
        parts: Rows of binds; a query has one part.
        run: Runs a part.
        go_on: Whether to continue after a part with a row that failed.
    """
    counts: list[int] = []
    returned: list[ReturnedColumns] = []
    failures: list[RowFailure] = []
    outcome = ExecuteOutcome()
    for part in parts:
        outcome = run(part)
        failures += [RowFailure(len(counts) + one.row, one.error) for one in outcome.failures]
        counts += outcome.row_counts
        returned += outcome.returned
        if failures and not go_on:
            break
    return replace(
        outcome, row_count=sum(counts), row_counts=counts, returned=returned, failures=failures
    )
