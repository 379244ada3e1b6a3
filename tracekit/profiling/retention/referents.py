"""The references and the own size of an object, by its type.

The collector's `gc.get_referents` covers Python's own types. It does not know what numpy, pyarrow,
polars and pandas hold outside of Python objects; those have an entry in `_FOREIGN`. No package is
imported for it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

Buffer = tuple[int, int]
"""Address and size."""
Foreign = Callable[[Any], tuple[list[Any], list[Buffer]]]

_HAVE_GC = 1 << 14  # Py_TPFLAGS_HAVE_GC
_MANAGED_DICT = (
    1 << 4
)  # Py_TPFLAGS_MANAGED_DICT: attributes are stored with the object, without a dict
_GC_HEADER_BYTES = 16
_EMPTY_DICT_BYTES = sys.getsizeof({})
_DATA_PACKAGES = frozenset({"pandas", "pyarrow", "polars"})
"""Their `__sizeof__` includes what the object refers to."""


@dataclass(frozen=True)
class Trait:
    """How to read objects of one type."""

    kind: type
    name: str
    atom: bool
    """Refers to nothing: text, a number, a date."""
    is_dict: bool
    opaque: bool
    """Shown without its inside."""
    size_of: Callable[[Any], int]
    foreign: Foreign | None

    def referents(self, members: list[Any]) -> tuple[list[Any], list[Buffer]]:
        """The objects that `members` refer to, once per reference, and the buffers that they use.

        Text keys of a dict are not included, because the collector does not visit them.
        """
        if self.foreign is None:
            return gc.get_referents(*members), []
        found: list[Any] = []
        buffers: list[Buffer] = []
        for member in members:
            try:
                referents, used = self.foreign(member)
            except Exception:  # half made, or already closed
                referents, used = gc.get_referents(member), []
            found += referents
            buffers += used
        return found, buffers


class Traits(dict[type, Trait]):
    """The trait of each type, made when it is first found."""

    def __missing__(self, kind: type) -> Trait:
        foreign = next(
            (_FOREIGN[name] for name in map(_full_name, _mro(kind)) if name in _FOREIGN), None
        )
        trait = Trait(
            kind,
            kind.__name__,
            atom=foreign is None and not kind.__flags__ & _HAVE_GC,
            is_dict=dict in _mro(kind),
            opaque=_package(kind) in _DATA_PACKAGES,
            size_of=_size_function(kind),
            foreign=foreign,
        )
        self[kind] = trait
        return trait


def attribute_bytes(sample: Any) -> int:
    """The size of an instance's attributes outside it, if they have no dict.

    This makes a dict for `sample`, which is acceptable in the forked process.
    """
    if not type(sample).__flags__ & _MANAGED_DICT:
        return 0
    before = gc.get_referents(sample)
    try:
        attributes = object.__getattribute__(sample, "__dict__")
    except AttributeError:
        return 0
    if not attributes or any(referent is attributes for referent in before):
        return 0
    return max(0, sys.getsizeof(attributes) - _EMPTY_DICT_BYTES)


def allocated_bytes(size: int) -> int:
    """What the allocator uses for `size`: multiples of 16, plus a word above 512 bytes."""
    return (size + 15 if size <= 512 else size + 23) & -16


def _mro(kind: type) -> tuple[type, ...]:
    return type.__dict__["__mro__"].__get__(kind)  # type: ignore[no-any-return]


def _full_name(kind: type) -> str:
    module = type.__dict__["__module__"].__get__(kind)  # a class may define a descriptor instead
    return f"{module}.{kind.__name__}" if isinstance(module, str) else kind.__name__


def _package(kind: type) -> str:
    return _full_name(kind).partition(".")[0]


def _size_function(kind: type) -> Callable[[Any], int]:
    definer = next(base for base in _mro(kind) if "__sizeof__" in base.__dict__)
    native = not hasattr(definer.__dict__["__sizeof__"], "__code__")
    if _full_name(definer) == "numpy.ndarray":
        return _array_header_bytes
    outside = next(
        (_OUTSIDE[name] for name in map(_full_name, _mro(kind)) if name in _OUTSIDE), None
    )
    if outside is not None:
        return partial(_with_outside, outside=outside)
    if native and _package(definer) not in _DATA_PACKAGES:
        return sys.getsizeof
    header = _GC_HEADER_BYTES if kind.__flags__ & _HAVE_GC else 0
    return lambda value: object.__sizeof__(value) + header


def _with_outside(value: Any, outside: Callable[[Any], int]) -> int:
    """The size of an object with memory whose address is unknown, so that only it can count it."""
    size_bytes = object.__sizeof__(value)
    try:
        return size_bytes + outside(value)
    except Exception:  # half made, or already closed
        return size_bytes


def _array_header_bytes(array: Any) -> int:
    return object.__sizeof__(array) + 16 * int(array.ndim)


def _of_array(array: Any) -> tuple[list[Any], list[Buffer]]:
    """An ndarray: the parent of a view, or its own buffer and the objects in it."""
    base = array.base
    if base is not None:
        return [base], []
    buffers = [(array.__array_interface__["data"][0], array.nbytes)] if array.nbytes else []
    if array.dtype.hasobject:
        return (array.ravel(order="K").tolist() if array.dtype == object else []), buffers
    return [], buffers


def _arrow_buffers(buffers: Iterable[Any]) -> Iterator[Buffer]:
    for buffer in buffers:
        if buffer is None:
            continue
        while buffer.parent is not None:
            buffer = buffer.parent
        if buffer.size:
            yield buffer.address, buffer.size


def _of_arrow_array(array: Any) -> tuple[list[Any], list[Buffer]]:
    """A pyarrow Array: its buffers as allocated, not only the part it shows."""
    buffers = list(_arrow_buffers(array.buffers()))
    dictionary = getattr(array, "dictionary", None)
    return [], buffers + (_of_arrow_array(dictionary)[1] if dictionary is not None else [])


def _of_arrow_chunks(chunked: Any) -> tuple[list[Any], list[Buffer]]:
    return [], [buffer for chunk in chunked.chunks for buffer in _of_arrow_array(chunk)[1]]


def _of_arrow_table(table: Any) -> tuple[list[Any], list[Buffer]]:
    read = _of_arrow_chunks if hasattr(table, "to_batches") else _of_arrow_array
    return [], [buffer for column in table.columns for buffer in read(column)[1]]


def _of_arrow_buffer(buffer: Any) -> tuple[list[Any], list[Buffer]]:
    return [], list(_arrow_buffers([buffer]))


def _of_polars_series(series: Any) -> tuple[list[Any], list[Buffer]]:
    """A polars Series: the buffers of its Arrow form, which is the same memory.

    For a slice polars shows only the window, so what only the slice keeps alive is not found.
    """
    array = _arrow_form(series)
    if array is None:
        return [], []
    dictionary = getattr(array, "dictionary", None)
    if dictionary is None:
        return _of_arrow_array(array)
    codes = _arrow_form(series.to_physical())  # those of the Arrow form are a copy
    return [], [*_of_arrow_array(codes)[1], *_of_arrow_array(dictionary)[1]]


def _arrow_form(series: Any) -> Any:
    """None for a type without one that is the same memory, or without pyarrow."""
    polars = sys.modules["polars"]
    if series.dtype == polars.Object:
        return None
    try:
        return series.to_arrow(compat_level=polars.CompatLevel.newest())
    except Exception:
        return None


def _bytes_without_arrow_form(series: Any) -> int:
    """Polars' own estimate for a Series whose buffers are unknown."""
    return int(series.estimated_size()) if _arrow_form(series) is None else 0


def _of_polars_frame(frame: Any) -> tuple[list[Any], list[Buffer]]:
    return [], [buffer for column in frame.get_columns() for buffer in _of_polars_series(column)[1]]


_OUTSIDE: dict[str, Callable[[Any], int]] = {
    "polars.series.series.Series": _bytes_without_arrow_form,
    "polars.dataframe.frame.DataFrame": lambda frame: sum(
        map(_bytes_without_arrow_form, frame.get_columns())
    ),
    # The table behind a pandas Index that was searched.
    "pandas._libs.hashtable.HashTable": lambda table: table.sizeof(),
}
"""The bytes that an object alone has outside of Python objects, at an address nobody tells."""
_FOREIGN: dict[str, Foreign] = {
    "numpy.ndarray": _of_array,
    "pyarrow.lib.Array": _of_arrow_array,
    "pyarrow.lib.ChunkedArray": _of_arrow_chunks,
    "pyarrow.lib.Table": _of_arrow_table,
    "pyarrow.lib.RecordBatch": _of_arrow_table,
    "pyarrow.lib.Buffer": _of_arrow_buffer,
    "polars.series.series.Series": _of_polars_series,
    "polars.dataframe.frame.DataFrame": _of_polars_frame,
}
