"""Functions that cut, search and pad text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import (
    as_text,
    call,
    null_text,
    number,
    text,
)
from tracekit.localdb.translate.column_types import may_be_lob
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.number_types import as_integer, counted
from tracekit.localdb.translate.text_types import text_type

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]


def empty_is_null(value: exp.Expr) -> exp.Expr:
    """Turn '' into NULL."""
    return call("nullif", value, text(""), kind=Kind.TEXT)


def concatenate(values: Sequence[exp.Expr]) -> exp.Expr:
    """Translate `a || b || ...`: NULL counts as ''; a result of '' is NULL."""
    joined = call("concat", *(as_text(value) for value in values), kind=Kind.TEXT)
    if any(isinstance(value, exp.Literal) for value in values):
        return joined
    return empty_is_null(joined)


def _of_text(name: str, kind: Kind = Kind.TEXT) -> Rule:
    return lambda args: call(name, *(as_text(arg) for arg in args), kind=kind)


def _count_of(name: str) -> Rule:
    """A function of text that returns a count."""
    return lambda args: counted(name, as_text(args[0]))


def whole(value: exp.Expr) -> exp.Expr:
    """Truncate a position or length to a whole number, if its kind is known."""
    if kind_of(value) in (Kind.NUMBER, Kind.TEXT):
        return as_integer(value)
    return value


def _literal_int(node: exp.Expr) -> int | None:
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        return int(node.this)
    return None


def _substr(args: Sequence[exp.Expr]) -> exp.Expr:
    value = as_text(args[0])
    start = _literal_int(args[1])
    length = _literal_int(args[2]) if len(args) == 3 else 1
    if start is not None and length is not None and length > 0:
        cut = call("substring", value, number(max(start, 1)), *args[2:])
        return empty_is_null(cut)
    return call("ora_substr", value, *map(whole, args[1:]), kind=Kind.TEXT)


def _instr(args: Sequence[exp.Expr]) -> exp.Expr:
    value, part = as_text(args[0]), as_text(args[1])
    if len(args) == 2:
        return counted("instr", value, part)
    occurrence = whole(args[3]) if len(args) == 4 else number(1)
    return counted("ora_instr", value, part, whole(args[2]), occurrence)


def _length(args: Sequence[exp.Expr]) -> exp.Expr:
    """LENGTH: characters of text, bytes of a BLOB; other values are converted to text first."""
    known = text_type(args[0])
    if known is not None and known.name == "BLOB":
        return counted("octet_length", args[0])
    if kind_of(args[0]) is Kind.UNKNOWN:
        return counted("ora_length", args[0])
    return counted("length", as_text(args[0]))


def _pad(name: str) -> Rule:
    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        fill = as_text(args[2]) if len(args) == 3 else text(" ")
        measure = "ora_padded_lob_length" if may_be_lob(args[0]) else "ora_padded_length"
        return call(name, as_text(args[0]), call(measure, whole(args[1])), fill, kind=Kind.TEXT)

    return rule


def _trim(name: str) -> Rule:
    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        characters = as_text(args[1]) if len(args) == 2 else text(" ")
        return empty_is_null(call(name, as_text(args[0]), characters))

    return rule


def trim(node: exp.Trim) -> exp.Expr:
    """Translate TRIM([LEADING | TRAILING | BOTH] [character FROM] value)."""
    position = str(node.args.get("position") or "BOTH").upper()
    name = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}[position]
    characters = node.args.get("expression")
    if isinstance(characters, exp.Literal) and len(str(characters.this)) > 1:
        raise OraError(30001, "trim set should have only one character")
    args = [node.this, characters] if characters is not None else [node.this]
    return _trim(name)(args)


def _replace(args: Sequence[exp.Expr]) -> exp.Expr:
    replacement = as_text(args[2]) if len(args) == 3 else null_text()
    return call("ora_replace", as_text(args[0]), as_text(args[1]), replacement, kind=Kind.TEXT)


def _char(args: Sequence[exp.Expr]) -> exp.Expr:
    return call("ora_chr", as_integer(args[0]), kind=Kind.TEXT)


RULES: dict[str, tuple[int, int, Rule]] = {
    "UPPER": (1, 1, _of_text("ora_upper")),
    "LOWER": (1, 1, _of_text("lower")),
    "INITCAP": (1, 1, _of_text("ora_initcap")),
    "LENGTH": (1, 1, _length),
    "LENGTHB": (1, 1, _count_of("strlen")),
    "LENGTHC": (1, 1, _count_of("length")),
    "LENGTH2": (1, 1, _count_of("ora_utf16_length")),
    "LENGTH4": (1, 1, _count_of("length")),
    "ASCII": (1, 1, _count_of("ora_ascii")),
    "NLS_UPPER": (1, 1, _of_text("ora_upper")),
    "NLS_LOWER": (1, 1, _of_text("lower")),
    "NLS_INITCAP": (1, 1, _of_text("ora_initcap")),
    "REVERSE": (1, 1, _of_text("reverse")),
    "TRANSLATE": (3, 3, _of_text("ora_translate")),
    "SUBSTR": (2, 3, _substr),
    "INSTR": (2, 4, _instr),
    "LPAD": (2, 3, _pad("ora_lpad")),
    "RPAD": (2, 3, _pad("ora_rpad")),
    "TRIM": (1, 1, _trim("trim")),
    "LTRIM": (1, 2, _trim("ltrim")),
    "RTRIM": (1, 2, _trim("rtrim")),
    "REPLACE": (2, 3, _replace),
    "CONCAT": (2, 2, concatenate),
    "CHR": (1, 1, _char),
}
