"""Batches of keys as Arrow record batches: rows grouped by key, repeated text encoded."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tracekit.keyed.column_kinds import array_of, held_array, python_values
from tracekit.keyed.column_plan import ColumnPlan, PlanChanged
from tracekit.keyed.grouping import Grouping, null_key
from tracekit.keyed.key_codes import arrow_places, key_codes, sorted_places
from tracekit.keyed.key_index import keys_of
from tracekit.keyed.query import Key, Query
from tracekit.keyed.record import check_distinct
from tracekit.oracle import Database
from tracekit.oracle.arrow import NotWholeNumber

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_GATHERED_BYTES = 8 * 2**20
"""Rows of one batch of keys are collected up to this size; more come in several pieces."""


class KeyedRows(NamedTuple):
    """Rows of one batch of keys."""

    rows: pa.RecordBatch
    new_keys: int
    """Keys of it that are in no earlier piece of the batch."""


class ColumnReader:
    """Reads batches of keys by one plan; may be called by several threads.

    Args:
        query: The query to read.
        plan: How to read and hold the columns.
        row_batch: Rows fetched at once.

    Raises:
        ConfigError: the result lacks a key column, or two of its columns have the same name.
    """

    def __init__(self, query: Query, plan: ColumnPlan, row_batch: int) -> None:
        self._query = query
        self._plan = plan
        self._schema = plan.schema
        self._row_batch = row_batch
        check_distinct(self._schema.names)
        Grouping(query).check_columns(self._schema.names)
        self._key_places = [self._schema.names.index(name) for name in query.column_names]

    def read(self, database: Database, batch: Sequence[Key]) -> Generator[KeyedRows, None, None]:
        """The rows of one batch of keys in pieces of the plan's schema.

        In a piece the rows of a key are together, in the query's order; keys are in the order in
        which the query first returns them. Only a batch of keys of many megabytes has more than
        one piece, and then a key's rows may be spread over them.

        Raises:
            PlanChanged: the plan cannot hold what was read.
            FetchError: a row has NULL in its key.
        """
        sql, binds = self._query.statement(batch)
        gathered: list[pa.RecordBatch] = []
        size_bytes = 0
        seen: set[Key] = set()
        with closing(self._row_batches(database, sql, binds)) as row_batches:
            for rows in row_batches:
                if len(rows):  # the driver returns a batch even without rows
                    gathered.append(rows)
                    size_bytes += rows.nbytes
                del rows
                if size_bytes >= _GATHERED_BYTES:
                    yield self._piece(gathered, seen)
                    size_bytes = 0
        if gathered:
            yield self._piece(gathered, seen)

    def _row_batches(
        self, database: Database, sql: str, binds: Mapping[str, Any]
    ) -> Generator[pa.RecordBatch, None, None]:
        if self._plan.through_rows:
            return self._from_rows(database, sql, binds)
        return self._from_arrow(database, sql, binds)

    def _from_arrow(
        self, database: Database, sql: str, binds: Mapping[str, Any]
    ) -> Generator[pa.RecordBatch, None, None]:
        batches = database.read_sql_arrow_iter(
            sql, binds, batch_size=self._row_batch, shape=self._plan.shape
        )
        try:
            with closing(batches):
                yield from batches
        except NotWholeNumber:
            raise PlanChanged(self._plan.reading_rows()) from None

    def _from_rows(
        self, database: Database, sql: str, binds: Mapping[str, Any]
    ) -> Generator[pa.RecordBatch, None, None]:
        import pyarrow as pa

        batches = database.read_sql_df_slow_iter(sql, binds, batch_size=self._row_batch)
        with closing(batches):
            for _, rows in batches:
                columns = list(zip(*rows, strict=True))
                plan = self._plan.fitting(columns)
                if plan != self._plan:
                    raise PlanChanged(plan)
                arrays = map(array_of, self._schema, plan.kinds, columns)
                yield pa.RecordBatch.from_arrays(list(arrays), names=self._schema.names)

    def _piece(self, gathered: list[pa.RecordBatch], seen: set[Key]) -> KeyedRows:
        import numpy as np
        import pyarrow as pa

        rows = pa.Table.from_batches(gathered)
        gathered.clear()
        count = len(rows)
        arrays = list(map(self._held, self._schema, rows.columns))
        del rows
        keys = [arrays[place] for place in self._key_places]
        if any(array.null_count for array in keys):
            raise null_key(self._query)
        codes = key_codes(keys, count)
        firsts = np.unique(codes, return_index=True)[1]
        before = len(seen)
        seen.update(self._keys_at(keys, firsts))
        order = sorted_places(codes)
        if order is not None:
            places = arrow_places(order)
            arrays = [array.take(places) for array in arrays]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        return KeyedRows(batch, len(seen) - before)

    def _keys_at(self, keys: Sequence[pa.Array], places: npt.NDArray[np.int64]) -> Sequence[Key]:
        at = arrow_places(places)
        fields = (self._schema.field(place) for place in self._key_places)
        parts = [
            python_values(field, array.take(at)) for field, array in zip(fields, keys, strict=True)
        ]
        return keys_of(parts, len(places))

    def _held(self, field: pa.Field, column: pa.ChunkedArray) -> pa.Array:
        import pyarrow as pa

        try:
            return held_array(field, column)
        except pa.ArrowInvalid:
            raise PlanChanged(self._plan.with_long_numbers()) from None
