"""Batches of ids as Arrow record batches: rows grouped by CID, repeated text encoded."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tracekit.keyed.column_kinds import array_of, encoded_text, held_array
from tracekit.keyed.column_plan import ColumnPlan, PlanChanged
from tracekit.keyed.domains import CID_COLUMN, CID_LIST_COLUMN, Domain
from tracekit.keyed.value_arrays import text_array
from tracekit.oracle import Database
from tracekit.oracle.arrow import NotWholeNumber

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_GATHERED_BYTES = 8 * 2**20
"""Rows of one batch of ids are gathered up to this size; more come in several pieces."""


class Piece(NamedTuple):
    """Rows of one batch of ids."""

    rows: pa.RecordBatch
    new_cids: int
    """CIDs of it that are in no earlier piece."""


class ColumnReader:
    """Reads batches of ids by one plan; may be called by several threads.

    Args:
        database: Where to read.
        domain: What to read.
        plan: How columns are read and held.
        row_batch: Rows fetched at once.
    """

    def __init__(
        self, database: Database, domain: Domain, plan: ColumnPlan, row_batch: int
    ) -> None:
        self._database = database
        self._domain = domain
        self._plan = plan
        self._schema = plan.schema
        self._row_batch = row_batch

    def read(self, batch: Sequence[str]) -> Generator[Piece, None, None]:
        """The rows of one batch of ids in pieces of the plan's schema.

        In a piece the rows of a CID stand together, in the query's order, CIDs in the order in
        which the query first names them. Only a batch of ids of many megabytes has more than one
        piece, over which a CID's rows may be spread.

        Raises:
            PlanChanged: the plan cannot hold what was read.
        """
        sql, binds = self._domain.query(batch)
        gathered: list[pa.RecordBatch] = []
        size_bytes = 0
        seen: set[str] = set()
        with closing(self._row_batches(sql, binds)) as row_batches:
            for rows in row_batches:
                gathered.append(rows)
                size_bytes += rows.nbytes
                del rows
                if size_bytes >= _GATHERED_BYTES:
                    yield self._piece(gathered, batch, seen)
                    size_bytes = 0
        if gathered:
            yield self._piece(gathered, batch, seen)

    def _row_batches(
        self, sql: str, binds: Mapping[str, str]
    ) -> Generator[pa.RecordBatch, None, None]:
        if self._plan.through_rows:
            return self._from_rows(sql, binds)
        return self._from_arrow(sql, binds)

    def _from_arrow(
        self, sql: str, binds: Mapping[str, str]
    ) -> Generator[pa.RecordBatch, None, None]:
        batches = self._database.read_sql_arrow_iter(
            sql, binds, batch_size=self._row_batch, shape=self._plan.shape
        )
        try:
            with closing(batches):
                yield from batches
        except NotWholeNumber:
            raise PlanChanged(self._plan.reading_rows()) from None

    def _from_rows(
        self, sql: str, binds: Mapping[str, str]
    ) -> Generator[pa.RecordBatch, None, None]:
        import pyarrow as pa

        batches = self._database.read_sql_df_slow_iter(sql, binds, batch_size=self._row_batch)
        with closing(batches):
            for _, rows in batches:
                columns = list(zip(*rows, strict=True))
                plan = self._plan.fitting(columns)
                if plan is not self._plan:
                    raise PlanChanged(plan)
                arrays = map(array_of, self._schema, plan.kinds, columns)
                yield pa.RecordBatch.from_arrays(list(arrays), names=self._schema.names)

    def _piece(self, gathered: list[pa.RecordBatch], batch: Sequence[str], seen: set[str]) -> Piece:
        import pyarrow as pa

        rows = pa.Table.from_batches(gathered)
        gathered.clear()
        cids, places = _belonging(self._domain, batch, rows)
        arrays = [
            cids if field.name == CID_COLUMN else self._held(field, column, places)
            for field, column in zip(self._schema, rows.columns, strict=True)
        ]
        del rows
        before = len(seen)
        seen.update(cids.dictionary.to_pylist())
        return Piece(pa.RecordBatch.from_arrays(arrays, schema=self._schema), len(seen) - before)

    def _held(self, field: pa.Field, column: pa.ChunkedArray, places: pa.Array | None) -> pa.Array:
        import pyarrow as pa

        try:
            held = held_array(field, column)
        except pa.ArrowInvalid:
            raise PlanChanged(self._plan.with_long_numbers()) from None
        return held if places is None else held.take(places)


def _belonging(
    domain: Domain, batch: Sequence[str], rows: pa.Table
) -> tuple[pa.DictionaryArray, pa.Array | None]:
    """For each event its CID and the place of its row; no places where they are all, in order."""
    import numpy as np
    import pyarrow as pa

    found: npt.NDArray[np.int64] | None
    if domain.fans_out:
        names, found = _fanned_out(batch, rows.column(CID_LIST_COLUMN).to_pylist())
        cids = encoded_text(pa.chunked_array([text_array(names)]))
    else:
        cids, found = _named(encoded_text(rows.column(CID_COLUMN)))
    codes = raw_codes(cids)
    if np.all(codes[1:] >= codes[:-1]):
        return cids, None if found is None else arrow_places(found)
    narrow = codes.astype(np.uint16) if len(cids.dictionary) < 2**16 else codes
    order = np.argsort(narrow, kind="stable")  # by radix, where there are 16 bits
    places = order if found is None else found[order]
    return cids.take(arrow_places(order)), arrow_places(places)


def arrow_places(places: npt.NDArray[np.int64]) -> pa.Array:
    """The same numbers for `take`; pyarrow's own way from numpy would load pandas."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])


def _fanned_out(
    batch: Sequence[str], texts: Sequence[Any]
) -> tuple[list[str], npt.NDArray[np.int64]]:
    import numpy as np

    pairs = [
        (cid, place) for place, text in enumerate(texts) if text for cid in batch if cid in text
    ]
    return [cid for cid, _ in pairs], np.array([place for _, place in pairs], dtype=np.int64)


def _named(cids: pa.DictionaryArray) -> tuple[pa.DictionaryArray, npt.NDArray[np.int64] | None]:
    """The ids that are no NULL and not empty, and their places where that is not all."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not cids.null_count and pc.min(pc.binary_length(cids.dictionary)).as_py() != 0:
        return cids, None
    places = np.flatnonzero([bool(cid) for cid in cids.to_pylist()])
    named = cids.dictionary_decode().take(arrow_places(places))
    return encoded_text(pa.chunked_array([named])), places


def raw_codes(encoded: pa.DictionaryArray) -> npt.NDArray[Any]:
    """The codes of an encoded column without NULLs, as they lie in memory.

    pyarrow's own way to numpy would load pandas.
    """
    import numpy as np

    indices = encoded.indices
    dtype = np.dtype(str(indices.type))
    return np.frombuffer(indices.buffers()[1], dtype, len(indices), indices.offset * dtype.itemsize)
