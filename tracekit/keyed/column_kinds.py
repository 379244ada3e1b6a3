"""Hold a column of records in Arrow, and turn it back into exactly the values of the rows.

python-oracledb returns a NUMBER of declared scale 0 as int, one of another scale as float, and one
without precision as int or float, cell by cell. In general no Arrow number type can hold the last,
so such a column uses the first of these kinds that can restore every value:

| kind | Arrow | holds |
|---|---|---|
| whole | int64 (narrower in a KeyedTable) | ints below 2**63 |
| long_whole | decimal128(38, 0) | ints of up to 38 digits |
| number | float64; integral values mean ints | floats with a fraction, ints up to 2**53 |
| digits | text as Python writes the number | anything |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tracekit.errors import FetchError
from tracekit.keyed.value_arrays import text_array, value_array

if TYPE_CHECKING:
    import pyarrow as pa

KIND_KEY = b"tracekit:kind"
"""The metadata key under which a field stores its kind."""

_INT64 = range(-(2**63), 2**63)
_EXACT_FLOAT = range(-(2**53), 2**53 + 1)
_38_DIGITS = range(-(10**38) + 1, 10**38)


class ColumnKind(StrEnum):
    """The way in which one column is held."""

    TEXT = "text"
    WHOLE = "whole"
    LONG_WHOLE = "long_whole"
    NUMBER = "number"
    DIGITS = "digits"
    FLOAT = "float"
    INSTANT = "instant"
    BINARY = "binary"
    BOOLEAN = "boolean"


_EVER_WIDER = (ColumnKind.WHOLE, ColumnKind.LONG_WHOLE, ColumnKind.NUMBER, ColumnKind.DIGITS)


def kind_of(type_: pa.DataType) -> ColumnKind:
    """The kind of a column that the driver describes by `type_`."""
    import pyarrow as pa

    tests: list[tuple[Callable[[pa.DataType], bool], ColumnKind]] = [
        (pa.types.is_large_string, ColumnKind.TEXT),
        (pa.types.is_integer, ColumnKind.WHOLE),
        (pa.types.is_decimal, ColumnKind.LONG_WHOLE),
        (pa.types.is_floating, ColumnKind.FLOAT),
        (pa.types.is_timestamp, ColumnKind.INSTANT),
        (pa.types.is_large_binary, ColumnKind.BINARY),
        (pa.types.is_boolean, ColumnKind.BOOLEAN),
    ]
    return next(kind for test, kind in tests if test(type_))


def held_field(name: str, kind: ColumnKind, described: pa.DataType) -> pa.Field:
    """The field that holds a column; its metadata includes the kind."""
    import pyarrow as pa

    types = {
        ColumnKind.TEXT: pa.dictionary(pa.int32(), pa.string()),
        ColumnKind.WHOLE: pa.int64(),
        ColumnKind.LONG_WHOLE: pa.decimal128(38),
        ColumnKind.NUMBER: pa.float64(),
        ColumnKind.DIGITS: pa.dictionary(pa.int32(), pa.string()),
        ColumnKind.FLOAT: pa.float64(),
        ColumnKind.BINARY: pa.large_binary(),
        ColumnKind.BOOLEAN: pa.bool_(),
    }
    if kind is ColumnKind.INSTANT:  # rows never hold more than microseconds
        held = pa.timestamp("us") if described.unit == "ns" else described
    else:
        held = types[kind]
    return pa.field(name, held, metadata={KIND_KEY: kind.value.encode()})


def wide_enough(kind: ColumnKind, values: Sequence[Any]) -> ColumnKind:
    """The first number kind from `kind` on that can represent all `values`.

    A kind that is not numeric, or is that of a declared float, stays as it is.
    """
    if kind not in _EVER_WIDER:
        return kind
    candidates = _EVER_WIDER[_EVER_WIDER.index(kind) :]
    return next(candidate for candidate in candidates if _fits(candidate, values))


def _fits(kind: ColumnKind, values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    if kind is ColumnKind.WHOLE:
        return set(map(type, present)) <= {int} and all(value in _INT64 for value in present)
    if kind is ColumnKind.LONG_WHOLE:
        return set(map(type, present)) <= {int} and all(value in _38_DIGITS for value in present)
    if kind is ColumnKind.NUMBER:
        return all(
            value in _EXACT_FLOAT if type(value) is int else not value.is_integer()
            for value in present
        )
    return True


def array_of(field: pa.Field, kind: ColumnKind, values: Sequence[Any]) -> pa.Array:
    """The values of a row batch's column as Arrow, text not yet encoded.

    Raises:
        FetchError: a value does not have the type that the column was described with.
    """
    import pyarrow as pa

    if kind is ColumnKind.LONG_WHOLE:
        return text_array([None if value is None else str(value) for value in values]).cast(
            field.type
        )
    if kind is ColumnKind.DIGITS:
        return text_array([None if value is None else repr(value) for value in values])
    try:
        return value_array(pa.string() if kind is ColumnKind.TEXT else field.type, values)
    except (pa.ArrowInvalid, TypeError) as exc:  # pyarrow's ArrowTypeError is a TypeError
        raise FetchError(
            f"column {field.name} holds values other than {kind}: {exc}. CAST it in the query, or "
            "read records with KeyedFetcher.records()."
        ) from exc


def held_array(field: pa.Field, column: pa.ChunkedArray) -> pa.Array:
    """A column as the driver or `array_of` gives it, as one array in the type of `field`.

    NaN is NULL in it.

    Raises:
        pyarrow.ArrowInvalid: a whole number has more digits than `field` holds.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(field.type):
        return encoded_text(column)
    array = column.combine_chunks()
    if pa.types.is_floating(field.type):
        missing = pc.is_nan(array)
        if missing.true_count:
            array = pc.if_else(missing, None, array)
    return array.cast(field.type)


def encoded_text(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A text column as one array of codes, numbered as the texts first occur."""
    import pyarrow as pa

    parts = column.dictionary_encode().chunks  # which share the dictionary of the last of them
    if not parts:
        return pa.nulls(0, pa.dictionary(pa.int32(), pa.string()))
    codes = pa.concat_arrays([part.indices for part in parts])
    return pa.DictionaryArray.from_arrays(codes, parts[-1].dictionary.cast(pa.string()))


def python_values(field: pa.Field, array: pa.Array) -> list[Any]:
    """The cells of `array` as python-oracledb's rows hold them, None for NULL."""
    import pyarrow as pa

    values: list[Any]
    if pa.types.is_dictionary(array.type):
        texts = array.dictionary
        codes = array.indices.to_pylist()
        values = [None if code is None else texts[code].as_py() for code in codes]
    else:
        values = array.to_pylist()
    convert = converter(field)
    if convert is not None:
        return [None if value is None else convert(value) for value in values]
    return values


def converter(field: pa.Field) -> Callable[[Any], Any] | None:
    """The conversion from Arrow's Python value to the row's, if they differ."""
    kind = (field.metadata or {}).get(KIND_KEY, b"").decode()
    return _CONVERTERS.get(kind)


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _digits(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    ColumnKind.LONG_WHOLE: int,
    ColumnKind.NUMBER: _number,
    ColumnKind.DIGITS: _digits,
}
