"""Events from anywhere as `(CID, records)` pieces: mappings, records, row batches, frames, Arrow.

pandas and pyarrow are not imported: what comes from them is recognised by its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from tracekit.equality.rows import Record, key_name
from tracekit.errors import ConfigError

Piece = tuple[str, Sequence[Mapping[Any, Any]]]
"""A CID and some of its records, in order."""

_ROWS_AT_ONCE = 4096


def event_pieces(source: Any, key: str) -> Iterator[Piece]:
    """The events of `source`, piece by piece; a CID may come in many.

    Args:
        source: A mapping `{CID: [records]}`, a DataFrame, an Arrow table or batch, or an iterable
            of records, of row batches `(columns, rows)`, of DataFrames, of Arrow batches or of
            such mappings (what `fetch_events_iter` yields).
        key: The column that holds the CID; a mapping's keys are its CIDs already.

    Raises:
        ConfigError: there is no column `key`, or `source` is nothing of these.
    """
    if isinstance(source, Mapping):
        yield from _mapping_pieces(source)
    elif _is_table(source):
        yield from _table_pieces(source, key)
    elif isinstance(source, Iterable) and not isinstance(source, str | bytes):
        yield from _item_pieces(source, key)
    else:
        raise _unknown(source)


def _mapping_pieces(events: Mapping[Any, Any]) -> Iterator[Piece]:
    for cid, records in events.items():
        if isinstance(records, Mapping | str) or not isinstance(records, Iterable):
            raise ConfigError(
                f"the events of CID {cid!r} are a {type(records).__name__}, not a list of records"
            )
        yield key_name(cid), records if isinstance(records, Sequence) else list(records)


def _item_pieces(items: Iterable[Any], key: str) -> Iterator[Piece]:
    waiting: list[Mapping[Any, Any]] = []
    for item in items:
        if isinstance(item, Mapping) and not _is_piece(item, key):
            waiting.append(item)
            if len(waiting) >= _ROWS_AT_ONCE:
                yield from _by_cid(waiting, key)
                waiting = []
            continue
        yield from _by_cid(waiting, key)
        waiting = []
        if isinstance(item, Mapping):
            yield from _mapping_pieces(item)
        elif _is_row_batch(item):
            columns, rows = item
            names = list(columns)
            yield from _by_cid([dict(zip(names, row, strict=True)) for row in rows], key)
        elif _is_table(item):
            yield from _table_pieces(item, key)
        else:
            raise _unknown(item)
    yield from _by_cid(waiting, key)


def _is_piece(item: Mapping[Any, Any], key: str) -> bool:
    return key not in item and all(isinstance(records, list) for records in item.values())


def _is_row_batch(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and not isinstance(item[0], str)


def _is_table(source: Any) -> bool:
    return _is_frame(source) or _is_arrow(source)


def _is_frame(source: Any) -> bool:
    return hasattr(source, "iloc") and hasattr(source, "columns")


def _is_arrow(source: Any) -> bool:
    return hasattr(source, "num_rows") and hasattr(source, "to_pylist")


def _table_pieces(table: Any, key: str) -> Iterator[Piece]:
    """A table's cells as the Python and pandas scalars that its columns hand out."""
    total = table.num_rows if _is_arrow(table) else len(table)
    names = list(table.schema.names if _is_arrow(table) else table.columns)
    if len(set(names)) < len(names):
        raise ConfigError(f"columns {names} are not distinct; name each of them once")
    for start in range(0, total, _ROWS_AT_ONCE):
        if _is_arrow(table):
            part = table.slice(start, _ROWS_AT_ONCE)
            columns = [part.column(place).to_pylist() for place in range(len(names))]
        else:
            part = table.iloc[start : start + _ROWS_AT_ONCE]
            columns = [part.iloc[:, place].tolist() for place in range(len(names))]
        rows = zip(*columns, strict=True)
        yield from _by_cid([dict(zip(names, row, strict=True)) for row in rows], key)


def _by_cid(records: list[Any], key: str) -> Iterator[Piece]:
    def cid_of(record: Record) -> str:
        try:
            return key_name(record[key])
        except KeyError:
            raise ConfigError(
                f"a record has no column {key!r}, its columns are {list(record)}; "
                "name the column that holds the CID with key="
            ) from None

    for cid, run in groupby(records, key=cid_of):
        yield cid, list(run)


def _unknown(source: Any) -> ConfigError:
    return ConfigError(
        f"a {type(source).__module__}.{type(source).__qualname__} is no source of events. Give a "
        "mapping {CID: [records]}, a DataFrame, an Arrow table, or an iterable of records, of row "
        "batches (columns, rows), of DataFrames or of Arrow batches"
    )
