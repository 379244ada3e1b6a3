"""Read results of any form as pieces: a key, and some of its records in order.

This module does not import pandas, polars or pyarrow: it recognises their objects by type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby, islice
from typing import Any, NamedTuple

from tracekit.equality.canonical import canonical
from tracekit.equality.foreign import foreign_rule
from tracekit.equality.inside import value_differs
from tracekit.equality.labels import WHOLE
from tracekit.equality.schema import Schema
from tracekit.equality.tables import Table, is_a, repeated, table_of
from tracekit.errors import ConfigError

KeyColumns = tuple[Any, ...]

VALUE = "value"
"""The column of a value that is not a record."""

_ROWS_AT_ONCE = 4096
_KEYS_LOOKED_AT = 100


class Piece(NamedTuple):
    """Some records of one key, in order."""

    key: object
    records: Sequence[Mapping[Any, Any]]
    columns: tuple[Any, ...] | None = None
    """The columns of a table without rows."""


class Pieces:
    """A result, read piece by piece; a key may have several pieces.

    Args:
        source: A mapping of keys to records, to frames or to single values; a frame (pandas,
            polars), an Arrow table, or anything that exports an Arrow stream; an iterable of
            records, of rows, of row batches `(columns, rows)`, of frames, of Arrow batches or of
            such mappings; a cursor; a single value.
        keys: The key columns; a mapping already has its keys. Empty if they are unknown, None if
            the result is not divided by keys.

    Raises:
        ConfigError: (while iterating) a key column is missing, or `source` cannot be divided by
            keys.
    """

    def __init__(self, source: Any, keys: KeyColumns | None) -> None:
        self.schema = Schema()
        """The declarations of the tables that were read so far."""
        self._source = source
        self._keys = keys

    def __iter__(self) -> Iterator[Piece]:
        self.schema = Schema()
        source = self._source
        if self._keys is None:
            yield Piece(WHOLE, [])
        if isinstance(source, Mapping):
            yield from self._of_mapping(source)
        elif (tables := _tables(source)) is not None:
            for table in tables:
                yield from self._of_table(table)
        elif _is_row_batch(source):
            yield from self._of_items([source])
        elif _is_cursor(source):
            names = [column[0] for column in source.description]
            while rows := source.fetchmany(_ROWS_AT_ONCE):
                yield from self._of_items([(names, rows)])
        elif _is_iterable(source):
            yield from self._of_items(source)
        elif self._keys is None:
            yield Piece(WHOLE, [{VALUE: source}])
        else:
            raise self._unknown(source)

    def _of_mapping(self, results: Mapping[Any, Any]) -> Iterator[Piece]:
        for key, result in results.items():
            table = table_of(result)
            if table is not None:
                yield from self._of_table(table, key)
            elif isinstance(result, Iterator):
                raise ConfigError(
                    f"the result of key {key!r} is a {type(result).__name__}, which can be read "
                    "only once. Pass a list"
                )
            elif is_records(result):
                yield Piece(key, result if isinstance(result, Sequence) else list(result))
            else:
                yield Piece(key, [{VALUE: result}])

    def _of_table(self, table: Table, key: object = WHOLE) -> Iterator[Piece]:
        _check_distinct(table.names)
        self.schema.take(table)
        divided = key is WHOLE and self._keys is not None
        if divided:
            self._check_keys(table.names)
        elif not table.rows:
            yield Piece(key, [], tuple(table.names))
        for start in range(0, table.rows, _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, table.rows)
            self.schema.take_rows(table, start, stop)
            records = table.records(start, stop)
            yield from self._by_key(records) if divided else [Piece(key, records)]

    def _of_items(self, items: Iterable[Any]) -> Iterator[Piece]:
        waiting: list[Mapping[Any, Any]] = []
        for item in items:
            record = self._record(item)
            if record is not None:
                waiting.append(record)
                if len(waiting) < _ROWS_AT_ONCE:
                    continue
            yield from self._by_key(waiting)
            waiting = []
            if record is not None:
                continue
            if isinstance(item, Mapping):
                yield from self._of_mapping(item)
            elif (table := table_of(item)) is not None:
                yield from self._of_table(table)
            else:
                names, rows = item
                _check_distinct(names)
                yield from self._by_key([_record_of(names, row) for row in rows])
        yield from self._by_key(waiting)

    def _record(self, item: Any) -> Mapping[Any, Any] | None:
        """`item` as a record; None for a mapping by key, a table and a row batch."""
        if isinstance(item, Mapping):
            return None if self._is_piece(item) else item
        if table_of(item) is not None or _is_row_batch(item):
            return None
        if isinstance(item, tuple):
            return dict(zip(getattr(item, "_fields", range(len(item))), item, strict=True))
        if self._keys is not None:
            raise self._unknown(item)
        return {VALUE: item}

    def _is_piece(self, item: Mapping[Any, Any]) -> bool:
        if not item or not all(map(_is_result, item.values())):
            return False
        if self._keys is None:
            raise ConfigError(
                f"a mapping whose values are all records or frames (of {list(item)[:3]}) can be "
                "results by key or a single record. Name the key column (key=), or wrap the "
                'record: {"record": it}'
            )
        return not any(name in item for name in self._keys)

    def _by_key(self, records: Sequence[Mapping[Any, Any]]) -> Iterator[Piece]:
        if self._keys is None:
            if records:
                yield Piece(WHOLE, records)
            return
        for key, run in groupby(records, key=self._key_of):
            yield Piece(key, list(run))

    def _key_of(self, record: Mapping[Any, Any]) -> object:
        keys = self._keys
        if not keys:
            self._check_keys(list(record))
        assert keys, "known by now"
        try:
            return record[keys[0]] if len(keys) == 1 else tuple(record[name] for name in keys)
        except KeyError:
            self._check_keys(list(record))
            raise

    def _check_keys(self, names: Sequence[Any]) -> None:
        missing = [name for name in self._keys or () if name not in names]
        if missing or not self._keys:
            what = f"no column {missing[0]!r}" if missing else "no known key column"
            raise ConfigError(
                f"a record has {what}; its columns are {list(names)}. "
                "Name the key columns (key= or --key)"
            )

    def _unknown(self, source: Any) -> ConfigError:
        return ConfigError(
            f"a {type(source).__module__}.{type(source).__qualname__} is not a result by key. "
            "Pass a mapping {key: records}, a frame, an Arrow table, or an iterable of records, of "
            "row batches (columns, rows), of frames or of Arrow batches"
        )


def _check_distinct(names: Sequence[Any]) -> None:
    twice = repeated(names)
    if twice:
        raise ConfigError(f"the columns {twice} are not distinct. Name each of them once")


def _record_of(names: Sequence[Any], row: Sequence[Any]) -> dict[Any, Any]:
    try:
        return dict(zip(names, row, strict=True))
    except ValueError:
        raise ConfigError(
            f"a row has {len(row)} values, its row batch {len(names)} columns: {list(names)}"
        ) from None


def key_columns(results: Mapping[Any, Any]) -> KeyColumns:
    """The columns of a mapping's records that hold its keys; empty if they are not clear."""
    found: list[set[Any]] | None = None
    for key, result in islice(results.items(), _KEYS_LOOKED_AT):
        record = next(iter(result), None) if is_records(result) else None
        if record is None:
            continue
        parts = key if isinstance(key, tuple) else (key,)
        holding = [{name for name in record if _same(record[name], part)} for part in parts]
        if found is None:
            found = holding
        if len(found) != len(holding):
            return ()
        found = [one & other for one, other in zip(found, holding, strict=True)]
    if not found or any(len(names) != 1 for names in found):
        return ()
    return tuple(name for names in found for name in names)


def _same(one: object, other: object) -> bool:
    return canonical(one).kind.family == canonical(other).kind.family and not value_differs(
        one, other
    )


def is_records(result: Any) -> bool:
    """Whether a value is a collection of records (an empty list is one)."""
    if not isinstance(result, Collection) or isinstance(result, Mapping | Set | str | bytes):
        return False
    if foreign_rule(type(result)) is not None:
        return False
    first = next(iter(result), None)
    return isinstance(first, Mapping) or (isinstance(result, list) and not result)


def _is_result(value: Any) -> bool:
    return is_records(value) or table_of(value) is not None


def read_once(source: Any) -> bool:
    """Whether `source` can be read only once."""
    return isinstance(source, Iterator) or _is_cursor(source)


def _tables(source: Any) -> Iterable[Table] | None:
    """A frame as one table, an exporter of an Arrow stream as its batches."""
    if is_a(type(source), "polars", "LazyFrame"):
        source = source.collect()
    table = table_of(source)
    if table is not None:
        return [table]
    if not hasattr(source, "__arrow_c_stream__") or foreign_rule(type(source)) is not None:
        return None
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(source)
    first = reader.schema.empty_table()
    return (found for part in (first, *reader) if (found := table_of(part)) is not None)


def _is_row_batch(item: Any) -> bool:
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    names, rows = item
    texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return texts and isinstance(rows, list | tuple) and all(map(_is_row, rows))


def _is_row(row: Any) -> bool:
    return isinstance(row, Sequence) and not isinstance(row, str | bytes)


def _is_cursor(source: Any) -> bool:
    return hasattr(source, "fetchmany") and isinstance(
        getattr(source, "description", None), list | tuple
    )


def _is_iterable(source: Any) -> bool:
    if isinstance(source, list | tuple | Iterator):
        return True
    plain = isinstance(source, str | bytes | bytearray | memoryview | Set | range)
    return isinstance(source, Iterable) and not plain and foreign_rule(type(source)) is None
