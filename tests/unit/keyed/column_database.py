"""A stand-in for Database that gives scripted columns, as Arrow and as rows."""

import threading

import pyarrow as pa

from tracekit.errors import FetchError
from tracekit.oracle.arrow import ArrowShape, NotWholeNumber
from tracekit.oracle.retry import Retry


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
        self.open_now = 0

    def read_by(self, readers):
        return self

    def without_retry(self):
        return self

    def describe_arrow(self, sql):
        schema = pa.schema(list(self.types.items()))
        return ArrowShape(schema, self.unbounded, not self.rows_only)

    def read_sql_arrow_iter(self, sql, params, *, batch_size, shape):
        for rows in self._batches(params, batch_size):
            arrays = []
            for place, (field, column) in enumerate(
                zip(shape.schema, zip(*rows, strict=True), strict=True)
            ):
                floats = [value for value in column if isinstance(value, float)]
                if floats and place in self.unbounded:
                    raise NotWholeNumber("a fraction")
                arrays.append(pa.array(column, field.type))
            yield pa.RecordBatch.from_arrays(arrays, schema=shape.schema)

    def read_sql_df_slow_iter(self, sql, params, *, batch_size=None):
        for rows in self._batches(params, batch_size):
            yield list(self.types), rows

    def _batches(self, params, batch_size):
        cids = list(params.values())
        with self.lock:
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
