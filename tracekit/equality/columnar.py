"""Frames, columns and arrays inside a cell, as plain lists and records."""

from __future__ import annotations

from typing import Any

from tracekit.equality.forms import StandsFor
from tracekit.equality.tables import (
    Table,
    arrow_cells,
    dtype_text,
    is_a,
    polars_cells,
    room_of,
    table_of,
)
from tracekit.errors import NotComparable


def frame(value: Any) -> StandsFor:
    """A frame or an Arrow table, by its records."""
    table = table_of(value)
    assert table is not None, "only tables come here"
    return _as_records(_name(value), table)


def _name(value: Any) -> str:
    kind = type(value)
    return f"{room_of(kind)}.{kind.__name__}"


def _as_records(name: str, table: Table) -> StandsFor:
    repeated = table.repeated()
    if repeated:
        raise NotComparable(f"a {name} has the columns {repeated} more than once; rename them")
    labels = None if table.labels is None else table.labels(0, table.rows)
    if table.rows:
        return StandsFor(name, table.records(0, table.rows), table.types, labels)
    return StandsFor(name, {"columns": dict.fromkeys(table.names)}, table.types)


def pandas_series(value: Any) -> StandsFor:
    """A Series: its values, or records with their labels if these are not row numbers."""
    name = _name(value)
    table = table_of(value)
    assert table is not None, "a Series is a table of few columns"
    if len(table.names) == 1:
        (values,) = table.columns(0, table.rows)
        return StandsFor(f"{name}[{table.types[0]}]", values, value.name)
    return _as_records(f"{name}[{table.types[-1]}]", table)


def pandas_array(value: Any) -> StandsFor:
    """An Index or one of the arrays that pandas keeps columns in."""
    names = value.names if is_a(type(value), "pandas", "Index") else None
    dtype = dtype_text(value.dtype)
    kind = "category" if str(value.dtype) == "category" else dtype
    types = (dtype, None if names is None else list(names))
    return StandsFor(f"{_name(value)}[{kind}]", value.tolist(), types)


def polars_series(value: Any) -> StandsFor:
    """A polars Series."""
    return StandsFor(f"{_name(value)}[{value.dtype}]", polars_cells(value), value.name)


def arrow_array(value: Any) -> StandsFor:
    """An array or a chunked array, whatever its chunks."""
    family = "ChunkedArray" if is_a(type(value), "pyarrow", "ChunkedArray") else "Array"
    return StandsFor(f"pyarrow.{family}[{value.type}]", arrow_cells(value))


def arrow_scalar(value: Any) -> StandsFor:
    """One value of an Arrow array."""
    import pyarrow as pa

    cell = arrow_cells(pa.array([value], value.type))[0]
    return StandsFor(f"pyarrow.Scalar[{value.type}]", cell)


def numpy_array(value: Any) -> StandsFor:
    """An array of any shape; masked elements are None, structured ones dicts."""
    masked = is_a(type(value), "numpy", "MaskedArray")
    mask = value.mask if masked else None
    plain = value if masked else value.__array__()  # a part of a matrix is again a matrix
    types = (str(value.dtype), value.shape)
    return StandsFor(f"{_name(value)}[{value.dtype}]", _listed(plain, mask), types)


def _listed(array: Any, mask: Any) -> Any:
    """`array.tolist()`, except that times keep their type and records their field names."""
    if mask is not None and mask.dtype.names is not None:
        raise NotComparable("a masked array of records cannot be compared; fill it first")
    if mask is not None and not array.ndim:
        return None if bool(mask) else array.data[()]
    if not array.ndim:
        return array[()]
    if array.ndim > 1:
        masks = [mask] * len(array) if mask is None or not mask.ndim else mask
        return [_listed(part, below) for part, below in zip(array, masks, strict=True)]
    if array.dtype.names is not None:
        columns = [_listed(array[name], None) for name in array.dtype.names]
        return [
            dict(zip(array.dtype.names, row, strict=True)) for row in zip(*columns, strict=True)
        ]
    plain = array if mask is None else array.data
    cells = list(plain) if plain.dtype.kind in "mM" else plain.tolist()
    if mask is None or not mask.ndim:
        return cells
    return [None if hidden else cell for cell, hidden in zip(cells, mask.tolist(), strict=True)]
