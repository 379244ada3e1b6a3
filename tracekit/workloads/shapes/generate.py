"""Generate the workload of a shape: any number of rows, written to a DuckDB file.

A cell depends only on the seed, the names of its query and column, and its row number, so a shape
gives the same rows everywhere. A key depends only on its number: all queries of a key space have
the same keys, and a larger number of keys starts with the smaller one's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from tracekit.errors import WorkloadError
from tracekit.records.shape import ColumnShape, QueryShape, Shape
from tracekit.workloads.declared_types import write_declaration
from tracekit.workloads.definition import Workload
from tracekit.workloads.generator import Progress
from tracekit.workloads.shapes.column_maker import ColumnMaker, KeyMaker, distinct_at
from tracekit.workloads.shapes.draws import Places, stream_of
from tracekit.workloads.shapes.layout import (
    ORDINAL,
    SCHEMA,
    keys_tables,
    quoted,
    table_names,
    write_catalogue,
)
from tracekit.workloads.shapes.row_plan import RowPlan
from tracekit.workloads.shapes.stored import Stored

VERSION = 1

_MOST_ROWS = 65_536
_CHUNK_BYTES = 32 * 2**20


def build(connection: duckdb.DuckDBPyConnection, workload: Workload, progress: Progress) -> None:
    """Fill a DuckDB file from the shape of `workload`.

    Raises:
        WorkloadError: the shape cannot have that many keys.
        duckdb.Error: DuckDB failed.
    """
    shape = msgspec.convert(workload.parameters["shape"], Shape)
    rows: Mapping[str, int] = workload.parameters.get("rows", {})
    makers = [
        _QueryMaker(shape, query, workload.size, rows.get(query.name), workload.seed or 0)
        for query in shape.queries
    ]
    total = sum(maker.rows for maker in makers) or 1
    done = 0
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    _write_keys(connection, shape, makers)
    for maker in makers:
        progress(f"{maker.query.name}: {maker.rows:,} rows", 0.95 * done / total)
        for written in _write_rows(connection, maker):
            progress(f"{maker.query.name}: {maker.rows:,} rows", 0.95 * (done + written) / total)
        done += maker.rows
    write_catalogue(connection, shape)


class _QueryMaker:
    """Generates the rows of one query.

    Args:
        shape: The query's shape.
        query: The query.
        asked: The number of keys in its key space; None for the recorded number.
        rows: The number of rows; None to derive it from the keys.
        seed: The workload's seed.
    """

    def __init__(
        self, shape: Shape, query: QueryShape, asked: int | None, rows: int | None, seed: int
    ) -> None:
        self.query = query
        self.table = table_names(shape)[query.name]
        stream = stream_of(seed, query.name)
        if query.key_space is None:
            factor = 1.0
            self.asked = keys = 0
        else:
            recorded = asked_of(shape, query.key_space)
            self.asked = asked or recorded
            factor = self.asked / recorded
            keys = min(self.asked, round(query.keys * factor))
        self.rows = max(keys, rows if rows is not None else round(query.rows * factor))
        # A query that asks for only some keys of its space asks for the first ones.
        asked_for = min(self.asked, max(keys, round(query.keys_asked * factor)))
        self._plan = (
            RowPlan(query, self.rows, keys, asked_for, stream_of(stream, "keys")) if keys else None
        )
        by_rows = self.rows / query.rows if query.rows else 1.0
        self.keys = KeyColumns(shape, query.key_space, self.asked) if query.key_space else None
        self._makers = [
            None if column.name in query.key else self._maker(column, stream, by_rows)
            for column in query.columns
        ]
        self.stored = [
            maker.stored if maker is not None else self._key_column(column.name)[1]
            for maker, column in zip(self._makers, query.columns, strict=True)
        ]

    def chunk_rows(self) -> int:
        """The number of rows to generate together, some megabytes."""
        row_bytes = 1 + sum(map(_mean_bytes, self.query.columns))
        return int(max(16, min(_MOST_ROWS, _CHUNK_BYTES // row_bytes)))

    def table_of(self, start: int, stop: int) -> pa.Table:
        """The rows from `start` up to, but not including, `stop`."""
        numbers = self._plan.key_numbers(start, stop) if self._plan is not None else None
        arrays = []
        for column, maker in zip(self.query.columns, self._makers, strict=True):
            if maker is not None:
                arrays.append(maker.cells(start, stop))
            else:
                assert numbers is not None and self.keys is not None, "a key column has keys"
                arrays.append(self.keys.cells(self._key_column(column.name)[0], numbers))
        names = [f"c{place}" for place in range(len(arrays))]
        ordinal = pa.array(np.arange(start, stop, dtype=np.int64))
        return pa.table([*arrays, ordinal], names=[*names, "ordinal"])

    def _maker(self, column: ColumnShape, stream: int, factor: float) -> ColumnMaker:
        distinct = distinct_at(column, factor, self.rows)
        if column.distinct >= round(self.query.rows * (1 - column.null)):
            distinct = self.rows
        return ColumnMaker(
            column, self.rows, distinct, stream_of(stream, column.name), self.query.rows_nearby
        )

    def _key_column(self, name: str) -> tuple[int, Stored]:
        assert self.keys is not None, "a key column belongs to a key space"
        place = self.query.key.index(name)
        return place, self.keys.stored[place]


class KeyColumns:
    """The values of a key space's keys, column by column.

    Args:
        shape: The key space's shape.
        space: Its name.
        keys: The number of keys.

    Raises:
        WorkloadError: a key column cannot hold that many keys.
    """

    def __init__(self, shape: Shape, space: str, keys: int) -> None:
        first = next(query for query in shape.queries if query.key_space == space)
        columns = [next(c for c in first.columns if c.name == name) for name in first.key]
        self.names = list(first.key)
        # With several columns, all but the last repeat: each value has equally many of the last.
        leading = 1
        self._radixes: list[int] = []
        for column in columns[:-1]:
            values = max(1, min(distinct_at(column, keys / max(1, first.keys_asked), keys), keys))
            self._radixes.append(values)
            leading *= values
        self._radixes.append(max(1, -(-keys // leading)))
        self._makers = [
            KeyMaker(column, radix, stream_of("key", space, place))
            for place, (column, radix) in enumerate(zip(columns, self._radixes, strict=True))
        ]
        self.stored = [maker.stored for maker in self._makers]

    def cells(self, place: int, numbers: Places) -> pa.Array:
        """The values of the key column at `place` for the keys with these numbers."""
        if len(self._makers) == 1:
            return self._makers[0].cells(numbers)
        below = 1
        for radix in self._radixes[place + 1 :]:
            below *= radix
        return self._makers[place].cells(numbers // below % self._radixes[place])


def asked_of(shape: Shape, space: str) -> int:
    """The number of keys of a key space that were requested during the recording."""
    requested = [one.keys for one in shape.key_spaces if one.name == space]
    seen = [query.keys_asked for query in shape.queries if query.key_space == space]
    return max([*requested, *seen, 1])


def _write_keys(
    connection: duckdb.DuckDBPyConnection, shape: Shape, makers: list[_QueryMaker]
) -> None:
    for space, table in keys_tables(shape).items():
        maker = next(one for one in makers if one.query.key_space == space)
        keys = maker.keys
        assert keys is not None, "a query of a key space has keys"
        _create(connection, table, dict(zip(keys.names, keys.stored, strict=True)))
        for start in range(0, maker.asked, _MOST_ROWS):
            numbers = np.arange(start, min(start + _MOST_ROWS, maker.asked), dtype=np.int64)
            arrays = [keys.cells(place, numbers) for place in range(len(keys.names))]
            names = [f"c{place}" for place in range(len(arrays))]
            _insert(connection, table, pa.table([*arrays, numbers], names=[*names, "ordinal"]))
        _declare(connection, table, dict(zip(keys.names, keys.stored, strict=True)))


def _write_rows(connection: duckdb.DuckDBPyConnection, maker: _QueryMaker) -> Iterator[int]:
    columns = {
        column.name: stored
        for column, stored in zip(maker.query.columns, maker.stored, strict=True)
    }
    if len(columns) < len(maker.query.columns):
        raise WorkloadError(
            f"query {maker.query.name!r} has two columns of the same name. Rename one in the query"
        )
    _create(connection, maker.table, columns)
    step = maker.chunk_rows()
    for start in range(0, maker.rows, step):
        stop = min(start + step, maker.rows)
        _insert(connection, maker.table, maker.table_of(start, stop))
        yield stop
    _declare(connection, maker.table, columns)


def _create(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Stored]
) -> None:
    written = [f"{quoted(name)} {how.duckdb_type}" for name, how in columns.items()]
    written.append(f"{quoted(ORDINAL)} BIGINT")
    connection.execute(f"CREATE TABLE {quoted(SCHEMA, table)} ({', '.join(written)})")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("tracekit_made", rows)
    try:
        connection.execute(f"INSERT INTO {quoted(SCHEMA, table)} FROM tracekit_made")
    finally:
        connection.unregister("tracekit_made")


def _declare(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Stored]
) -> None:
    for name, how in columns.items():
        if how.declared is None:
            continue
        kind, precision, scale, length = how.declared
        write_declaration(
            connection,
            f"{SCHEMA}.{table}",
            name,
            kind,
            precision=precision,
            scale=scale,
            length=length,
        )


def _mean_bytes(column: ColumnShape) -> float:
    lengths = [one for ranges in column.text.values() for one in ranges.values()]
    rows = sum(rows for rows, *_ in lengths)
    if not rows:
        return 16.0
    return 16 + sum(rows * 4 * chars for rows, chars, *_ in lengths) / rows
