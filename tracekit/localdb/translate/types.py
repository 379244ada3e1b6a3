"""Oracle's types as declared, and the DuckDB types that store them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported

NUMBER_PRECISION = 38
DECIMAL_DIGITS_OF_A_BIT = 0.30103
FLOAT_BITS = 126


@dataclass(frozen=True)
class DeclaredType:
    """A type as declared in Oracle DDL."""

    name: str
    """NUMBER, VARCHAR2, DATE, TIMESTAMP WITH TIME ZONE, ..."""
    precision: int | None = None
    scale: int | None = None
    length: int | None = None


_PLAIN = {
    exp.DType.DATE: ("DATE", exp.DType.TIMESTAMP_S),
    exp.DType.TEXT: ("CLOB", exp.DType.VARCHAR),
    exp.DType.VARBINARY: ("BLOB", exp.DType.BLOB),  # sqlglot's name for BLOB
    exp.DType.BOOLEAN: ("BOOLEAN", exp.DType.BOOLEAN),
}
_TEXT = {
    exp.DType.VARCHAR: "VARCHAR2",
    exp.DType.NVARCHAR: "NVARCHAR2",
    exp.DType.CHAR: "CHAR",
    exp.DType.NCHAR: "NCHAR",
}
ZONED_TYPE = "STRUCT(instant INTERVAL, nanos SMALLINT)"
"""DuckDB's type for a TIMESTAMP WITH TIME ZONE (see `moments.sql`)."""
_TIMESTAMPS = {
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP WITH LOCAL TIME ZONE",
}
_NAMED = {
    "NCLOB": ("NCLOB", exp.DType.VARCHAR),
    "LONG": ("LONG", exp.DType.VARCHAR),
    "RAW": ("RAW", exp.DType.BLOB),
    "BINARY_FLOAT": ("BINARY_FLOAT", exp.DType.FLOAT),
    "BINARY_DOUBLE": ("BINARY_DOUBLE", exp.DType.DOUBLE),
    "ROWID": ("ROWID", exp.DType.VARCHAR),
    "UROWID": ("UROWID", exp.DType.VARCHAR),
}
_INTEGERS = (exp.DType.INT, exp.DType.SMALLINT)
_INTERVAL_DIGITS = 2
_INTERVAL_FRACTION_DIGITS = 6
REAL_BITS = 63
_LEAST_SCALE, _LARGEST_SCALE = -84, 127
_DEFAULT_TIMESTAMP_SCALE = 6
_MICROSECOND_SCALE = 6
_MAX_TIMESTAMP_SCALE = 9


def read_type(data_type: exp.DataType) -> tuple[DeclaredType, exp.DataType]:
    """The declared type, and DuckDB's type for it.

    Raises:
        OraError: ORA-03001 if the type is not supported.
    """
    kind = data_type.this
    numbers = _parameters(data_type)
    if kind in _TEXT:
        declared = DeclaredType(_TEXT[kind], length=_length(_TEXT[kind], numbers))
        return declared, exp.DataType(this=exp.DType.VARCHAR)
    if kind is exp.DType.DECIMAL:
        if data_type.expressions and data_type.expressions[0].this.sql() == "*":
            return _any_precision(numbers[1:])
        return _number(numbers)
    if kind is exp.DType.DECIMAL128:  # DECIMAL, DEC and NUMERIC have a scale of 0
        return _number(numbers) if numbers else _any_precision([0])
    if kind in (exp.DType.FLOAT, exp.DType.DOUBLE):
        bits = numbers[0] if numbers else FLOAT_BITS
        if not 1 <= bits <= FLOAT_BITS:
            message = "floating point precision is out of range (1 to 126)"
            raise OraError(1724, message)
        return DeclaredType("FLOAT", precision=bits), exp.DataType(this=exp.DType.BIT)
    if kind in _INTEGERS:
        return DeclaredType("NUMBER", scale=0), _decimal(NUMBER_PRECISION, 0)
    if kind in _TIMESTAMPS:
        scale = numbers[0] if numbers else _DEFAULT_TIMESTAMP_SCALE
        return DeclaredType(_TIMESTAMPS[kind], scale=scale), _timestamp(kind, scale)
    if isinstance(kind, exp.Interval) or kind is exp.DType.INTERVAL:
        unit = kind.args.get("unit") if isinstance(kind, exp.Interval) else None
        years = unit is not None and unit.this.name.upper() == "YEAR"
        name = "INTERVAL YEAR TO MONTH" if years else "INTERVAL DAY TO SECOND"
        fraction = None if years else _INTERVAL_FRACTION_DIGITS
        declared = DeclaredType(name, precision=_INTERVAL_DIGITS, scale=fraction)
        return declared, exp.DataType(this=exp.DType.INTERVAL)
    if kind in _PLAIN:
        name, stored = _PLAIN[kind]
        return DeclaredType(name), exp.DataType(this=stored)
    written = data_type.sql().upper().split("(")[0].strip()
    if kind is exp.DType.BIGINT:
        written = "LONG"
    if written == "REAL":
        return DeclaredType("FLOAT", precision=REAL_BITS), exp.DataType(this=exp.DType.BIT)
    if written in _NAMED:
        name, stored = _NAMED[written]
        length = _length(name, numbers) if name == "RAW" else None
        return DeclaredType(name, length=length), exp.DataType(this=stored)
    if written not in _OF_ORACLE:
        raise OraError(902, "invalid datatype")
    raise unsupported(f"type {written}")


_OF_ORACLE = {
    "XMLTYPE", "JSON", "VECTOR", "BFILE", "ANYDATA", "ANYTYPE", "ANYDATASET", "URITYPE",
    "HTTPURITYPE", "SDO_GEOMETRY", "LONG RAW",
}  # fmt: skip
"""Types that Oracle has and the local Oracle does not."""
_MOST_CHARS = {"CHAR": 2000, "NCHAR": 1000}
_MOST_VARYING = 32_767


def _length(name: str, numbers: list[int]) -> int:
    """The length of a type of text or RAW.

    Raises:
        OraError: ORA-00906, ORA-01723 or ORA-00910 if it is missing, 0 or too large.
    """
    if not numbers and name not in _MOST_CHARS:
        raise OraError(906, "missing left parenthesis")
    length = numbers[0] if numbers else 1
    if length == 0:
        raise OraError(1723, "zero-length columns are not allowed")
    if length > _MOST_CHARS.get(name, _MOST_VARYING):
        raise OraError(910, "specified length too long for its datatype")
    return length


def _any_precision(scales: list[int]) -> tuple[DeclaredType, exp.DataType]:
    """NUMBER(*), which is NUMBER, or NUMBER(*, s)."""
    if not scales:
        return _number([])
    _, stored = _number([NUMBER_PRECISION, scales[0]])
    return DeclaredType("NUMBER", scale=scales[0]), stored


def written_type(declared: DeclaredType) -> str:
    """A type as Oracle DDL writes it."""
    name, precision, scale = declared.name, declared.precision, declared.scale
    if declared.length is not None:
        return f"{name}({declared.length})"
    if name == "NUMBER" and scale is not None:
        return f"NUMBER({'*' if precision is None else precision}, {scale})"
    if name == "FLOAT":
        return f"FLOAT({precision})"
    if name.startswith("TIMESTAMP") and scale is not None:
        return name.replace("TIMESTAMP", f"TIMESTAMP({scale})", 1)
    return name


def _timestamp(kind: exp.DType, scale: int) -> exp.DataType:
    if not 0 <= scale <= _MAX_TIMESTAMP_SCALE:
        raise OraError(30088, "datetime/interval precision is out of range")
    if kind is exp.DType.TIMESTAMPTZ:
        return exp.DataType(this=exp.DType.USERDEFINED, kind=ZONED_TYPE)
    if scale <= _MICROSECOND_SCALE:
        stored = exp.DType.TIMESTAMPTZ if kind is exp.DType.TIMESTAMPLTZ else exp.DType.TIMESTAMP
    elif kind is exp.DType.TIMESTAMPLTZ:
        raise unsupported(f"type TIMESTAMP({scale}) WITH LOCAL TIME ZONE")
    else:
        stored = exp.DType.TIMESTAMP_NS
    return exp.DataType(this=stored)


def _number(numbers: list[int]) -> tuple[DeclaredType, exp.DataType]:
    if not numbers:
        return DeclaredType("NUMBER"), exp.DataType(this=exp.DType.BIT)
    precision = numbers[0]
    scale = numbers[1] if len(numbers) > 1 else 0
    if not 1 <= precision <= NUMBER_PRECISION:
        raise OraError(1727, "numeric precision specifier is out of range (1 to 38)")
    if not _LEAST_SCALE <= scale <= _LARGEST_SCALE:
        raise OraError(1728, "numeric scale specifier is out of range (-84 to 127)")
    if not 0 <= scale <= precision:
        raise unsupported(f"type NUMBER({precision},{scale})")
    declared = DeclaredType("NUMBER", precision=precision, scale=scale)
    return declared, _decimal(precision, scale)


def _decimal(precision: int, scale: int) -> exp.DataType:
    params = [exp.DataTypeParam(this=exp.Literal.number(one)) for one in (precision, scale)]
    return exp.DataType(this=exp.DType.DECIMAL, expressions=params)


def _parameters(data_type: exp.DataType) -> list[int]:
    numbers: list[int] = []
    for parameter in data_type.expressions:
        written = parameter.this.sql() if isinstance(parameter, exp.DataTypeParam) else ""
        if written == "*":
            numbers.append(NUMBER_PRECISION)
        elif written.lstrip("-").isdigit():
            numbers.append(int(written))
    return numbers
