"""Encode records as bytes, and decode them with the same types and values.

A chunk is stored by column: the JSON of its values and, for dates, decimals or bytes, its kind.
Values that JSON cannot restore exactly are refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tracekit.errors import TracekitError
from tracekit.jsonvalue import encode
from tracekit.keyed.lean import LeanRecords
from tracekit.keyed.record import Record, RecordsByKey

_LEVEL = 1
_PLAIN = frozenset({type(None), str, int, float, bool})
_STORED: dict[str, tuple[type, Callable[[str], Any]]] = {
    "datetime": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
    "decimal": (Decimal, Decimal),
    "bytes": (bytes, base64.b64decode),
}


class NotCacheable(TracekitError):
    """A value could not be restored exactly."""


class DamagedChunk(TracekitError):
    """The bytes are not the ones that were stored."""


KeyRuns = list[tuple[str, list[Record]]]
"""(key, some of its records), in order."""
Makers = dict[tuple[str, ...], LeanRecords]


def pieces_of(found: RecordsByKey, size: int) -> Iterator[KeyRuns]:
    """`found` in pieces of at most `size` records; a key may continue in the next one."""
    piece: KeyRuns = []
    room = size
    for key, records in found.items():
        for start in _starts(len(records), room, size):
            part = records[start[0] : start[1]]
            piece.append((key, part))
            room -= len(part)
            if room == 0:
                yield piece
                piece, room = [], size
    if piece:
        yield piece


def pack(piece: KeyRuns) -> tuple[str, bytes]:
    """The checksum and the bytes of a piece.

    Raises:
        NotCacheable: a value's type could not be restored exactly.
    """
    records = [record for _, part in piece for record in part]
    columns = tuple(records[0]) if records else ()
    if any(tuple(record) != columns for record in records):
        raise NotCacheable("records of one query have different columns")
    cells = [[record[name] for record in records] for name in columns]
    document = {
        "keys": [(key, len(part)) for key, part in piece],
        "columns": columns,
        "kinds": list(map(_kind, columns, cells)),
        "cells": cells,
    }
    try:
        stored = zlib.compress(encode(document), _LEVEL)
    except ValueError as exc:
        raise NotCacheable(str(exc)) from exc
    return hashlib.sha256(stored).hexdigest(), stored


def unpack(stored: bytes | None, checksum: str, found: RecordsByKey, makers: Makers) -> None:
    """Append the records of a chunk to `found`.

    Args:
        stored: Its bytes.
        checksum: The checksum of its bytes.
        found: The mapping to append to.
        makers: Reused for all chunks of one result, to share keys and values across them.

    Raises:
        DamagedChunk: it is missing, or its checksum is wrong.
    """
    if stored is None or hashlib.sha256(stored).hexdigest() != checksum:
        raise DamagedChunk("a chunk is missing" if stored is None else "a chunk is damaged")
    document = json.loads(zlib.decompress(stored))
    columns = tuple(document["columns"])
    cells = [
        list(map(_parser(kind), values)) if kind else values
        for kind, values in zip(document["kinds"], document["cells"], strict=True)
    ]
    if columns not in makers:
        makers[columns] = LeanRecords(columns)
    records = makers[columns].records(list(zip(*cells, strict=True)))
    place = 0
    for key, count in document["keys"]:
        found.setdefault(key, []).extend(records[place : place + count])
        place += count


def _starts(count: int, room: int, size: int) -> Iterator[tuple[int, int]]:
    start = 0
    while True:
        stop = min(start + room, count)
        yield start, stop
        if stop == count:
            return
        start, room = stop, size


def _kind(name: str, values: Sequence[Any]) -> str | None:
    types = set(map(type, values))
    if types <= _PLAIN:
        return None
    for kind, (wanted, _) in _STORED.items():
        if types <= {wanted, type(None)}:
            if wanted is datetime and any(
                value and (value.tzinfo or value.fold) for value in values
            ):
                break
            return kind
    names = ", ".join(sorted(found.__name__ for found in types))
    raise NotCacheable(f"column {name} holds {names}")


def _parser(kind: str) -> Callable[[str | None], Any]:
    parse = _STORED[kind][1]
    return lambda text: None if text is None else parse(text)
