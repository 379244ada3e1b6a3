"""A stand-in for Database that gives scripted columns, as Arrow and as rows."""

import re
import threading
from contextlib import closing
from itertools import chain

import pyarrow as pa

from tracekit.errors import FetchError
from tracekit.oracle.arrow import ArrowShape, NotWholeNumber
from tracekit.oracle.readers import Readers
from tracekit.oracle.retry import Retry


def placeholders(sql):
    """The names that a statement binds, in order."""
    return re.findall(r":(\w+)", sql)


class ColumnDatabase:
    """Every CID asked for has the rows `rows_of(cid)`; NUMBERs in `unbounded` have no precision."""

    fetchmany_size = 5_000
    retry = Retry(0, 1, 1)

    def __init__(self, types, rows_of, *, unbounded=(), fails=(), rows_only=False):
        self.types = types
        self.rows_of = rows_of
        self.unbounded = tuple(list(types).index(name) for name in unbounded)
        self.fails = set(fails)
        self.rows_only = rows_only
        self.lock = threading.Lock()
        self.queries = 0
        self.descriptions = 0
        self.batch_sizes = set()
        self.open_now = 0

    def read_by(self, readers):
        assert isinstance(readers, Readers)
        return self

    def without_retry(self):
        return self

    def describe_arrow(self, sql):
        assert placeholders(sql)
        self.descriptions += 1
        schema = pa.schema(list(self.types.items()))
        return ArrowShape(schema, self.unbounded, not self.rows_only)

    def read_sql_arrow_iter(self, sql, params, *, batch_size, shape):
        with closing(self._batches(sql, params, batch_size)) as batches:
            for rows in chain([next(batches, [])], batches):  # at least one, as the driver's
                yield self._arrow_batch(rows, shape.schema)

    def _arrow_batch(self, rows, schema):
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        for place in self.unbounded:
            if any(isinstance(value, float) for value in columns[place]):
                raise NotWholeNumber("a fraction")
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def read_sql_df_slow_iter(self, sql, params, *, batch_size=None):
        for rows in self._batches(sql, params, batch_size):
            yield list(self.types), rows

    def _batches(self, sql, params, batch_size):
        assert placeholders(sql) == list(params)
        cids = list(params.values())
        with self.lock:
            self.batch_sizes.add(batch_size)
            self.queries += 1
            self.open_now += 1
        try:
            rows = [row for cid in cids for row in self.rows_of(cid)]
            rows.sort(key=lambda row: str(row[-1]))  # the query's order is not the CIDs'
            size = batch_size or self.fetchmany_size
            for start in range(0, len(rows), size):
                if self.fails & set(cids):
                    raise FetchError("reading from there failed")
                yield rows[start : start + size]
        finally:
            with self.lock:
                self.open_now -= 1
