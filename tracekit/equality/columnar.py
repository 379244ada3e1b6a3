"""Frames, columns and arrays inside a cell, as plain lists and records."""

from __future__ import annotations

from typing import Any

from tracekit.equality.forms import StandsFor
from tracekit.equality.tables import (
    Table,
    arrow_cells,
    dtype_text,
    is_a,
    pandas_cells,
    polars_cells,
    repeated,
    room_of,
    table_of,
)
from tracekit.errors import NotComparable


def frame(value: Any) -> StandsFor:
    """The form of a frame or an Arrow table, by its records."""
    table = table_of(value)
    assert table is not None, "only tables come here"
    return _as_records(_name(value), table)


def _name(value: Any) -> str:
    kind = type(value)
    return f"{room_of(kind)}.{kind.__name__}"


def _as_records(name: str, table: Table) -> StandsFor:
    twice = repeated(table.names)
    if twice:
        raise NotComparable(f"a {name} has the columns {twice} more than once; rename them")
    labels = None if table.labels is None else table.labels(0, table.rows)
    if table.rows:
        return StandsFor(name, table.records(0, table.rows), table.types, labels)
    return StandsFor(name, {"columns": dict.fromkeys(table.names)}, table.types)


def pandas_series(value: Any) -> StandsFor:
    """The form of a Series: its values, or records with labels that are not row numbers."""
    name = _name(value)
    table = table_of(value)
    assert table is not None, "a Series is a table of few columns"
    if len(table.names) == 1:
        (values,) = table.columns(0, table.rows)
        return StandsFor(f"{name}[{table.types[0]}]", values, value.name)
    return _as_records(f"{name}[{table.types[-1]}]", table)


def pandas_array(value: Any) -> StandsFor:
    """The form of an Index, or of an array in which pandas keeps a column."""
    names = value.names if is_a(type(value), "pandas", "Index") else None
    dtype = dtype_text(value.dtype)
    kind = "category" if str(value.dtype) == "category" else dtype
    types = (dtype, None if names is None else list(names))
    return StandsFor(f"{_name(value)}[{kind}]", pandas_cells(value), types)


def polars_series(value: Any) -> StandsFor:
    """The form of a polars Series."""
    return StandsFor(f"{_name(value)}[{value.dtype}]", polars_cells(value), value.name)


def arrow_array(value: Any) -> StandsFor:
    """The form of an array or a chunked array, whatever its chunks."""
    family = "ChunkedArray" if is_a(type(value), "pyarrow", "ChunkedArray") else "Array"
    return StandsFor(f"pyarrow.{family}[{value.type}]", arrow_cells(value))


def arrow_scalar(value: Any) -> StandsFor:
    """The form of one value of an Arrow array."""
    import pyarrow as pa

    cell = arrow_cells(pa.repeat(value, 1))[0]
    return StandsFor(f"pyarrow.Scalar[{value.type}]", cell)


def numpy_array(value: Any) -> StandsFor:
    """The form of an array of any shape; masked elements are None, structured ones dicts."""
    name = f"{_name(value)}[{value.dtype}]"
    if not is_a(type(value), "numpy", "MaskedArray"):
        plain = value.__array__()  # a part of a matrix is again a matrix
        return StandsFor(name, _listed(plain), value.shape)
    if value.dtype.names is not None:
        raise NotComparable("a masked array of records cannot be compared; fill it first")
    import numpy as np

    hidden = np.ma.getmaskarray(value).tolist()
    return StandsFor(name, _without_hidden(_listed(value.data), hidden), value.shape)


def _without_hidden(cells: Any, hidden: Any) -> Any:
    """Nested lists with None in place of masked elements."""
    if not isinstance(hidden, list):
        return None if hidden else cells
    return [_without_hidden(*each) for each in zip(cells, hidden, strict=True)]


def _listed(array: Any) -> Any:
    """Like `array.tolist()`, but times keep their type and records their field names."""
    if not array.ndim:
        return array[()]
    if array.ndim > 1:
        return [_listed(part) for part in array]
    if array.dtype.names is not None:
        columns = [_listed(array[name]) for name in array.dtype.names]
        return [
            dict(zip(array.dtype.names, row, strict=True)) for row in zip(*columns, strict=True)
        ]
    return list(array) if array.dtype.kind in "mM" else array.tolist()
