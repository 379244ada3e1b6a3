"""REGEXP functions: DuckDB's regular expressions with Oracle's positions and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.translate.build import (
    as_text,
    call,
    literal_text,
    null_text,
    number,
    text,
    unsupported,
)
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.number_types import as_integer, counted

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]

_FLAGS = {"i": "i", "c": "c", "n": "s"}
_INLINE_FLAGS = {"m": "ora_multiline", "x": "ora_without_blanks"}
"""Flags that change the pattern itself, with the macro that changes it."""


def _whole(args: Sequence[exp.Expr], index: int, default: int) -> exp.Expr:
    """A position or count as a whole number."""
    if len(args) <= index:
        return number(default)
    if kind_of(args[index]) in (Kind.NUMBER, Kind.TEXT):
        return as_integer(args[index])
    return args[index]


def _pattern(args: Sequence[exp.Expr], index: int) -> tuple[exp.Expr, str]:
    """The pattern, and DuckDB's options for the match parameter in the argument at `index`.

    Without `n`, a period does not match a newline.
    """
    given = ""
    if len(args) > index and kind_of(args[index]) is not Kind.NULL:
        given = literal_text(args[index], "a regular expression's match parameter")
    pattern = as_text(args[1])
    options = ""
    for flag in given:
        if flag in _INLINE_FLAGS:
            pattern = call(_INLINE_FLAGS[flag], pattern, kind=Kind.TEXT)
        elif flag in _FLAGS:
            options += _FLAGS[flag]
        else:
            raise unsupported(f"regular expression match parameter {flag!r}")
    return pattern, options or "c"


def _like(args: Sequence[exp.Expr]) -> exp.Expr:
    pattern, options = _pattern(args, 2)
    return call("regexp_matches", as_text(args[0]), pattern, text(options))


def _substr(args: Sequence[exp.Expr]) -> exp.Expr:
    pattern, options = _pattern(args, 4)
    return call(
        "ora_regexp_substr",
        as_text(args[0]),
        pattern,
        _whole(args, 2, 1),
        _whole(args, 3, 1),
        text(options),
        _whole(args, 5, 0),
        kind=Kind.TEXT,
    )


def _replace(args: Sequence[exp.Expr]) -> exp.Expr:
    pattern, options = _pattern(args, 5)
    return call(
        "ora_regexp_replace",
        as_text(args[0]),
        pattern,
        as_text(args[2]) if len(args) > 2 else null_text(),
        _whole(args, 3, 1),
        _whole(args, 4, 0),
        text(options),
        kind=Kind.TEXT,
    )


def _count(args: Sequence[exp.Expr]) -> exp.Expr:
    pattern, options = _pattern(args, 3)
    start = _whole(args, 2, 1)
    return counted("ora_regexp_count", as_text(args[0]), pattern, start, text(options))


def _instr(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) > 6:
        raise unsupported("REGEXP_INSTR of a group")
    pattern, options = _pattern(args, 5)
    return counted(
        "ora_regexp_instr",
        as_text(args[0]),
        pattern,
        _whole(args, 2, 1),
        _whole(args, 3, 1),
        _whole(args, 4, 0),
        text(options),
    )


RULES: dict[str, tuple[int, int, Rule]] = {
    "REGEXP_LIKE": (2, 3, _like),
    "REGEXP_SUBSTR": (2, 6, _substr),
    "REGEXP_REPLACE": (2, 6, _replace),
    "REGEXP_COUNT": (2, 4, _count),
    "REGEXP_INSTR": (2, 7, _instr),
}
