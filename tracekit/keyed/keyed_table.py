"""`KeyedTable`: the records of many keys as Arrow columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tracekit.extras import extra
from tracekit.keyed import value_arrays
from tracekit.keyed.column_reader import KeyedRows
from tracekit.keyed.freed_memory import release_freed_memory
from tracekit.keyed.key_index import KeyIndex
from tracekit.keyed.keyed_columns import KeyedColumns

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_UNIQUE = 0.75
"""A text column with a larger share of distinct values is not dictionary-encoded."""
_PART_ROWS = 50_000


class KeyedTable(KeyedColumns):
    """Records as Arrow columns that read like `{key: [records]}`; records are made on access.

    Repeated text is dictionary-encoded, whole numbers are as narrow as possible, times have the
    unit of their Oracle type. Every library that reads Arrow's C stream (DuckDB, polars, pandas)
    takes it without a copy; DuckDB also finds it by its variable name in a query.

    Args:
        columns: An Arrow table as `to_arrow` returns it, with the rows of a key together.
        key_columns: Names of the columns that form the key; none for a single group.
    """

    def __init__(self, columns: pa.Table, key_columns: Sequence[str]) -> None:
        batches = columns.combine_chunks().to_batches()
        self._columns = batches[0] if batches else _no_rows(columns.schema)
        arrays = [self._columns.column(name) for name in key_columns]
        fields = list(map(columns.schema.field, key_columns))
        index = KeyIndex(fields, [(arrays, len(self._columns))])
        super().__init__(columns.schema, key_columns, index)

    def __reduce__(self) -> tuple[Any, ...]:
        # The index holds hashes of this process.
        return type(self), (self.to_arrow(), self.key_columns)

    @property
    def rows(self) -> int:
        """Number of rows, over all keys."""
        return int(self._columns.num_rows)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns, without the key index."""
        return int(self._columns.nbytes)

    def to_arrow(self) -> pa.Table:
        """The columns, without a copy. A field's `tracekit:kind` metadata says how it is held."""
        import pyarrow as pa

        return pa.Table.from_batches([self._columns])

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """A DataFrame, with `pyarrow.Table.to_pandas`'s options; encoded text is categories."""
        frame: pd.DataFrame = self.to_arrow().to_pandas(**options)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A polars DataFrame; encoded text as categories.

        Raises:
            MissingExtra: polars is not installed.
        """
        with extra("peers"):
            import polars as pl
        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _run(self, start: int, count: int) -> pa.RecordBatch:
        return self._columns.slice(start, count)

    def _parts(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, self.rows, _PART_ROWS):
            yield self._columns.slice(start, _PART_ROWS)


def build_table(
    schema: pa.Schema, key_columns: Sequence[str], pieces: Iterable[KeyedRows]
) -> KeyedTable:
    """The table of all `pieces`, which are of `schema`."""
    import pyarrow as pa

    builders = [_ColumnBuilder(field) for field in schema]
    for piece in pieces:
        for builder, array in zip(builders, piece.rows.columns, strict=True):
            builder.add(array)
        del piece, array
    arrays = []
    while builders:  # so that each column's parts are freed before the next is put together
        arrays.append(builders.pop(0).finish())
        # The freed parts are small and scattered: otherwise the allocator keeps them.
        release_freed_memory()
    fields = [field.with_type(array.type) for field, array in zip(schema, arrays, strict=True)]
    return KeyedTable(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), key_columns)


class _ColumnBuilder:
    """Gathers the parts of one column, each as narrow as its own values allow."""

    def __init__(self, field: pa.Field) -> None:
        self._type = field.type
        self._parts: list[pa.Array] = []

    def add(self, array: pa.Array) -> None:
        import pyarrow as pa

        if pa.types.is_dictionary(self._type) and not self._parts and _mostly_unique([array]):
            self._type = pa.string()
        if pa.types.is_string(self._type):
            array = array.cast(self._type)
        self._parts.append(_narrowed(array))

    def finish(self) -> pa.Array:
        """The whole column; the parts are gone."""
        import pyarrow as pa

        if pa.types.is_dictionary(self._type) and _mostly_unique(self._parts):
            self._type = (
                pa.string()
            )  # one dictionary of all of them would take several times as much
        if (
            pa.types.is_string(self._type)
            and sum(map(_text_bytes, self._parts)) > value_arrays.MOST_TEXT_BYTES
        ):
            self._type = pa.large_string()
        parts = [part.cast(self._type) for part in self._parts]
        self._parts.clear()
        column = pa.chunked_array(parts, self._type)
        del parts
        if pa.types.is_dictionary(self._type):
            column = column.unify_dictionaries()
        return _narrowed(column.combine_chunks())


def _mostly_unique(parts: Sequence[pa.Array]) -> bool:
    """Whether encoded text has about as many distinct values as cells, NULLs left out."""
    distinct = sum(len(part.dictionary) for part in parts)
    texts = sum(len(part) - part.null_count for part in parts)
    return bool(distinct > _UNIQUE * texts)


def _text_bytes(array: pa.Array) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary).take(array.indices)
    else:
        lengths = pc.binary_length(array)
    return pc.sum(lengths).as_py() or 0


def _narrowed(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        narrow = _narrowest(0, len(array.dictionary))
        return pa.DictionaryArray.from_arrays(array.indices.cast(narrow), array.dictionary)
    if pa.types.is_integer(array.type):
        found = pc.min_max(array).as_py()
        if found["min"] is not None:
            return array.cast(_narrowest(found["min"], found["max"]))
        return array.cast(pa.int8())
    return array


def _narrowest(lowest: int, highest: int) -> pa.DataType:
    import pyarrow as pa

    for type_ in (pa.int8(), pa.int16(), pa.int32()):
        limit = 1 << (type_.bit_width - 1)
        if -limit <= lowest and highest < limit:
            return type_
    return pa.int64()


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([pa.nulls(0)] * len(schema), schema=schema)
