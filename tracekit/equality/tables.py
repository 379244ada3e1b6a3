"""Tables and columns of any library as plain columns of cells.

Objects of pandas, polars and pyarrow are recognised by type. A library is imported only when one of
its objects is read, so a process without pandas never loads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tracekit.errors import NotComparable

Cells = list[Any]

_TIMES_IN_NANOSECONDS = "time64[ns]"
"""Part of the name of an Arrow type whose nanoseconds Python's `time` would drop."""
_NANOSECONDS_IN_POLARS = re.compile(r"time_unit='ns'|\bTime\b")


@dataclass(frozen=True)
class Table:
    """A frame, a column with its labels, or an Arrow table."""

    library: str
    names: list[Any]
    """Labels of the columns. Index levels are columns and come first, except row numbers."""
    types: list[str]
    """The type of each column, as the library calls it."""
    rows: int
    columns: Callable[[int, int], list[Cells]]
    """The cells of rows from the first number up to the second, column by column."""
    labels: Callable[[int, int], Cells] | None = None
    """Integer row labels that have no name, if they are not plain row numbers."""

    def records(self, start: int, stop: int) -> list[dict[Any, Any]]:
        """Rows as records; the names are distinct."""
        rows = zip(*self.columns(start, stop), strict=True)
        if not self.names:
            return [{} for _ in range(min(stop, self.rows) - start)]
        return [dict(zip(self.names, row, strict=True)) for row in rows]


def repeated(names: Sequence[Any]) -> list[Any]:
    """Names that occur more than once."""
    return list({name: None for name in names if names.count(name) > 1})


def is_a(kind: type, library: str, name: str) -> bool:
    """Whether `kind` is a class of a library, or derived from one, judged by names alone."""
    return any(base.__name__ == name and room_of(base) == library for base in kind.__mro__)


def room_of(kind: type) -> str:
    """The top package of a class."""
    return str(kind.__module__).partition(".")[0]


def table_of(value: Any) -> Table | None:
    """`value` as a table; None if it is not one.

    Raises:
        NotComparable: (while reading) cells have no Python value that holds all of their content.
    """
    kind = type(value)
    if is_a(kind, "pandas", "DataFrame"):
        return _of_frame(value)
    if is_a(kind, "pandas", "Series"):
        return _of_series(value)
    if is_a(kind, "polars", "DataFrame"):
        return _of_polars(value)
    if is_a(kind, "pyarrow", "Table") or is_a(kind, "pyarrow", "RecordBatch"):
        return _of_arrow(value)
    if is_a(kind, "oracledb", "DataFrame"):
        import pyarrow as pa

        return _of_arrow(pa.table(value))
    return None


def _of_frame(frame: Any) -> Table:
    levels = _index_columns(frame.index, frame.columns)
    labels = frame.index if _is_counted(frame.index) else None

    def columns(start: int, stop: int) -> list[Cells]:
        part = frame.iloc[start:stop]
        cells = [pandas_cells(level[start:stop]) for level in levels.values()]
        return cells + [pandas_cells(part.iloc[:, place]) for place in range(part.shape[1])]

    types = [*(level.dtype for level in levels.values()), *frame.dtypes]
    return Table(
        "pandas",
        [*levels, *frame.columns],
        list(map(dtype_text, types)),
        len(frame),
        columns,
        None if labels is None else lambda start, stop: labels[start:stop].tolist(),
    )


def _of_series(series: Any) -> Table:
    name = "value" if series.name is None else series.name
    levels = _index_columns(series.index, [name])
    if _is_counted(series.index) or _is_part_of_a_range(series.index):
        levels = {"index": series.index}  # of a Series, labels say what a value belongs to

    def columns(start: int, stop: int) -> list[Cells]:
        cells = [pandas_cells(level[start:stop]) for level in levels.values()]
        return [*cells, pandas_cells(series.iloc[start:stop])]

    types = [*(level.dtype for level in levels.values()), series.dtype]
    return Table("pandas", [*levels, name], list(map(dtype_text, types)), len(series), columns)


def _index_columns(index: Any, taken: Any) -> dict[Any, Any]:
    """The levels of a pandas index that are more than row numbers, by label."""
    if is_a(type(index), "pandas", "MultiIndex"):
        names = [
            f"level_{place}" if name is None else name for place, name in enumerate(index.names)
        ]
        twice = repeated(names)
        found = {
            (name, place) if name in twice else name: index.get_level_values(place)
            for place, name in enumerate(names)
        }
    elif index.name is not None:
        found = {index.name: index}
    elif _is_range(index) or _is_counted(index) or not len(index):
        found = {}
    else:
        found = {"index": index}
    return {("index", name) if name in taken else name: level for name, level in found.items()}


def _is_range(index: Any) -> bool:
    return is_a(type(index), "pandas", "RangeIndex")


def _is_part_of_a_range(index: Any) -> bool:
    """Whether unnamed labels differ from the row numbers."""
    numbered = index.name is not None or not _is_range(index) or not len(index)
    return not numbered and (index[0], index[-1]) != (0, len(index) - 1)


def _is_counted(index: Any) -> bool:
    """Whether rows have unnamed integer labels, as after `concat` or a filter."""
    plain = index.nlevels == 1 and index.name is None and not _is_range(index)
    return plain and index.dtype.kind in "iu" and len(index) > 0


def dtype_text(dtype: Any) -> str:
    """A pandas dtype; for a category it includes the values."""
    if str(dtype) != "category":
        return str(dtype)
    order = "ordered " if dtype.ordered else ""
    return f"{order}category of {dtype.categories.tolist()!r}"


def pandas_cells(values: Any) -> Cells:
    """The values of a Series, an Index or an array of pandas, at full precision."""
    if _TIMES_IN_NANOSECONDS in str(values.dtype):
        import pyarrow as pa

        return arrow_cells(pa.array(values))
    return values.tolist()  # type: ignore[no-any-return]


def _of_polars(frame: Any) -> Table:
    def columns(start: int, stop: int) -> list[Cells]:
        return [polars_cells(column) for column in frame.slice(start, stop - start)]

    return Table("polars", frame.columns, list(map(str, frame.dtypes)), frame.height, columns)


def polars_cells(series: Any) -> Cells:
    """The values of a polars Series, whose own `to_list` would drop nanoseconds."""
    if _NANOSECONDS_IN_POLARS.search(repr(series.dtype)):
        import pyarrow as pa

        return arrow_cells(pa.chunked_array(series))
    return series.to_list()  # type: ignore[no-any-return]


def _of_arrow(table: Any) -> Table:
    def columns(start: int, stop: int) -> list[Cells]:
        part = table.slice(start, stop - start)
        return [arrow_cells(part.column(place)) for place in range(part.num_columns)]

    types = [str(field.type) for field in table.schema]
    return Table("pyarrow", table.schema.names, types, table.num_rows, columns)


def arrow_cells(column: Any) -> Cells:
    """The values of an Arrow array at full precision.

    Raises:
        NotComparable: some have no Python value, such as a time with nanoseconds.
    """
    import pyarrow as pa

    kind = column.type
    try:
        if _TIMES_IN_NANOSECONDS in str(kind):
            column = column.cast(_in_microseconds(kind))
        if _TIMES_IN_NANOSECONDS in str(column.type):
            raise NotImplementedError("times with nanoseconds in a type of this form")
        if _is_plain_moment(kind):
            return _moments(column)
        return column.to_pylist()  # type: ignore[no-any-return]
    except (ValueError, OverflowError, NotImplementedError, pa.ArrowException) as exc:
        raise NotComparable(
            f"an Arrow {kind} column has values that Python cannot hold: {exc}. Cast it first"
        ) from exc


def _is_plain_moment(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None)


def _moments(column: Any) -> Cells:
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except (OverflowError, ValueError):  # a year outside datetime's range
        return list(column.to_numpy(zero_copy_only=False))


def _in_microseconds(kind: Any) -> Any:
    """An Arrow type with its times in microseconds."""
    import pyarrow as pa

    if pa.types.is_time(kind):
        return pa.time64("us")
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(field.type)) for field in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(_in_microseconds(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(_in_microseconds(kind.key_type), _in_microseconds(kind.item_type))
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_in_microseconds(kind.value_type))
    return kind
