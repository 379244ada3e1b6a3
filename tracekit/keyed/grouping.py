"""Records: what one row of a domain becomes, and under which CIDs it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tracekit.keyed.domains import CID_COLUMN, CID_LIST_COLUMN, Domain

Record = dict[str, Any]
Events = dict[str, list[Record]]


def plain_records(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Record]:
    """One `dict(zip(columns, row))` for each row, float NaN as None."""
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    for position in nan_positions(rows):
        name = columns[position]
        for record in records:
            value = record[name]
            if value != value:  # NaN alone differs from itself
                record[name] = None
    return records


def nan_positions(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Positions of the columns in which at least one value is a float NaN."""
    return [
        position
        for position, column in enumerate(zip(*rows, strict=True))
        if float in set(map(type, column)) and any(value != value for value in column)
    ]


def group(events: Events, domain: Domain, batch: Sequence[str], records: Iterable[Record]) -> None:
    """Append each record under its CID, in order.

    Records whose CONTAINERID is not a non-empty text are left out. In a domain that fans out a
    record is copied under every CID of `batch` that its CONTAINERIDS text names, with CONTAINERID
    filled in.
    """
    if domain.fans_out:
        _fan_out(events, batch, records)
        return
    for record in records:
        cid = record.get(CID_COLUMN)
        if isinstance(cid, str) and cid:
            _append(events, cid, record)


def _fan_out(events: Events, batch: Sequence[str], records: Iterable[Record]) -> None:
    for record in records:
        listed = record.get(CID_LIST_COLUMN)
        if not isinstance(listed, str) or not listed:
            continue
        for cid in batch:
            if cid in listed:
                copy = record.copy()
                copy[CID_COLUMN] = cid
                _append(events, cid, copy)


def _append(events: Events, cid: str, record: Record) -> None:
    found = events.get(cid)
    if found is None:
        events[cid] = [record]
    else:
        found.append(record)
