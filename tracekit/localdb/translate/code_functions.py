"""Functions of codes, bytes and digests, and of the buckets and bits of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import implicit, numbers
from tracekit.localdb.translate.build import (
    as_text,
    call,
    case,
    cast,
    literal_text,
    number,
    paren,
    text,
    unsupported,
)
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of, with_kind
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    INTEGER,
    Exact,
    as_double,
    as_free,
    as_integer,
    counted,
    like_one_of,
    number_type,
    with_number,
)
from tracekit.localdb.translate.text_codes import DIGESTS
from tracekit.localdb.translate.text_functions import empty_is_null, whole

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]
_MOST_BYTES = 1 << 31


def _text_of(name: str) -> Rule:
    return lambda args: empty_is_null(call(name, as_text(args[0])))


def _byte_substring(args: Sequence[exp.Expr]) -> exp.Expr:
    length = whole(args[2]) if len(args) > 2 else number(_MOST_BYTES)
    return empty_is_null(call("ora_byte_substring", as_text(args[0]), whole(args[1]), length))


def _byte_position(args: Sequence[exp.Expr]) -> exp.Expr:
    position = whole(args[2]) if len(args) > 2 else number(1)
    occurrence = whole(args[3]) if len(args) > 3 else number(1)
    return counted("ora_byte_position", as_text(args[0]), as_text(args[1]), position, occurrence)


def internal_bytes(value: exp.Expr) -> exp.Expr:
    """The bytes in which Oracle stores a value."""
    kind = kind_of(value)
    if kind is Kind.TEXT:
        return call("encode", value)
    if kind is Kind.NUMBER and number_type(value) not in (DOUBLE, FLOAT):
        return cast(as_free(value), exp.DType.BLOB)
    if kind is Kind.UNKNOWN:
        return cast(value, exp.DType.BLOB)
    raise unsupported(f"the internal bytes of a {kind.name}")


def _size(args: Sequence[exp.Expr]) -> exp.Expr:
    if kind_of(args[0]) is Kind.NULL:
        return args[0]
    if kind_of(args[0]) is Kind.DATE:
        present = exp.Not(this=exp.Is(this=paren(args[0]), expression=exp.Null()))
        return with_number(case((present, number(7))), Exact(INTEGER))
    return counted("octet_length", internal_bytes(args[0]))


def _digest(args: Sequence[exp.Expr]) -> exp.Expr:
    method = literal_text(args[1], "STANDARD_HASH with a method") if len(args) > 1 else "SHA1"
    if method.upper() not in DIGESTS:
        raise OraError(40658, f"Cryptographic hash algorithm {method} is not supported")
    return call("ora_digest", internal_bytes(args[0]), text(method.upper()))


def _bucket(args: Sequence[exp.Expr]) -> exp.Expr:
    if kind_of(args[0]) in MOMENTS:
        raise unsupported("WIDTH_BUCKET of dates")
    values = [cast(as_free(implicit.as_number(arg)), exp.DType.BLOB) for arg in args]
    return with_number(call("ora_n_bucket", *values), Exact(INTEGER))


def _bits(args: Sequence[exp.Expr]) -> exp.Expr:
    """BIN_TO_NUM(1, 0, 1) is 5."""
    value: exp.Expr = number(0)
    for bit in args:
        doubled = numbers.product(value, number(2))
        added = numbers.sum_of(doubled, as_integer(bit)) if doubled is not None else None
        assert added is not None, "bits are integers"
        value = added
    return value


def _instead_of_nan(args: Sequence[exp.Expr]) -> exp.Expr:
    """NANVL: only BINARY_DOUBLE and BINARY_FLOAT have NaN."""
    value, other = (implicit.as_number(arg) for arg in args)
    if number_type(value) not in (DOUBLE, FLOAT):
        return value
    replaced = case((call("isnan", value.copy()), as_double(other)), default=value)
    return with_number(replaced, DOUBLE)


def _most_frequent(args: Sequence[exp.Expr]) -> exp.Expr:
    return like_one_of(call("mode", args[0]), args[:1])


def _ties_to_even(args: Sequence[exp.Expr]) -> exp.Expr:
    places = args[1] if len(args) > 1 else number(0)
    return numbers.free_call("round_even", implicit.as_number(args[0]), places)


def _guid(_: Sequence[exp.Expr]) -> exp.Expr:
    digits = call("replace", cast(call("uuid"), exp.DType.VARCHAR), text("-"), text(""))
    return call("unhex", digits)


def _grouping_id(args: Sequence[exp.Expr]) -> exp.Expr:
    return counted("grouping", *args)


def _code_point(args: Sequence[exp.Expr]) -> exp.Expr:
    return call("chr", cast(as_integer(args[0]), exp.DType.INT), kind=Kind.TEXT)


RULES: dict[str, tuple[int, int, Rule]] = {
    "ASCIISTR": (1, 1, _text_of("ora_asciistr")),
    "UNISTR": (1, 1, _text_of("ora_unistr")),
    "SOUNDEX": (1, 1, _text_of("ora_sound")),
    "NCHR": (1, 1, _code_point),
    "SUBSTRB": (2, 3, _byte_substring),
    "INSTRB": (2, 4, _byte_position),
    "VSIZE": (1, 1, _size),
    "STANDARD_HASH": (1, 2, _digest),
    "WIDTH_BUCKET": (4, 4, _bucket),
    "BIN_TO_NUM": (1, 100, _bits),
    "NANVL": (2, 2, _instead_of_nan),
    "STATS_MODE": (1, 1, _most_frequent),
    "ROUND_TIES_TO_EVEN": (1, 2, _ties_to_even),
    "SYS_GUID": (0, 0, _guid),
    "GROUPING_ID": (1, 100, _grouping_id),
}
"""For each function: the minimum and maximum number of arguments, and its rule."""


def _raw_length(args: Sequence[exp.Expr]) -> exp.Expr:
    return counted("octet_length", args[0])


def _raw_text(args: Sequence[exp.Expr]) -> exp.Expr:
    return with_kind(call("decode", args[0]), Kind.TEXT)


RAW_PACKAGE_RULES: dict[str, tuple[int, int, Rule]] = {
    "CAST_TO_RAW": (1, 1, lambda args: call("encode", as_text(args[0]))),
    "CAST_TO_VARCHAR2": (1, 1, _raw_text),
    "CAST_TO_NVARCHAR2": (1, 1, _raw_text),
    "LENGTH": (1, 1, _raw_length),
}
"""The supported functions of UTL_RAW."""
