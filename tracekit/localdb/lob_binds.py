"""LOBs as bind values: locators in, values out, few enough at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tracekit.localdb.backend import EmptyLob, ExecuteOutcome
from tracekit.localdb.lobs import SessionLobs
from tracekit.localdb.wire.messages.binds import LobBind

MAX_PART_BYTES = 4 << 20
"""Bytes of LOBs that are bound at once, unless a single row has more."""


def bind_parts(
    rows: Sequence[Sequence[Any]], lobs: SessionLobs
) -> Iterator[Sequence[Sequence[Any]]]:
    """Bind rows with the values of their LOBs, in parts that need bounded memory.

    Raises:
        OraError: ORA-22922, a LOB was freed, or is another session's.
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


def joined(outcomes: Iterable[ExecuteOutcome]) -> ExecuteOutcome:
    """What all parts gave together; a query has one part."""
    all_of = list(outcomes)
    if len(all_of) == 1:
        return all_of[0]
    return ExecuteOutcome(
        row_count=sum(outcome.row_count for outcome in all_of),
        row_counts=[count for outcome in all_of for count in outcome.row_counts],
        returned=[columns for outcome in all_of for columns in outcome.returned],
    )
