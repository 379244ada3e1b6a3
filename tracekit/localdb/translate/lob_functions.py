"""Functions of LOBs, RAWs and rowids, and the functions of DBMS_LOB."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import as_text, call, cast, number, text
from tracekit.localdb.translate.code_functions import RAW_PACKAGE_RULES
from tracekit.localdb.translate.column_types import LOB_META
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.number_types import as_integer, counted

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]

_MOST_AMOUNT = 32_767


def _empty_text(_: Sequence[exp.Expr]) -> exp.Expr:
    """EMPTY_CLOB: text of no characters, which unlike '' is not NULL."""
    return cast(text(""), exp.DType.VARCHAR, Kind.TEXT)


def _as_text(args: Sequence[exp.Expr]) -> exp.Expr:
    return as_text(args[0])


def _as_lob(args: Sequence[exp.Expr]) -> exp.Expr:
    lob = as_text(args[0])
    lob.meta[LOB_META] = True
    return lob


RULES: dict[str, tuple[int, int, Rule]] = {
    "EMPTY_CLOB": (0, 0, _empty_text),
    "EMPTY_BLOB": (0, 0, lambda _: cast(text(""), exp.DType.BLOB)),
    "TO_CLOB": (1, 1, _as_lob),
    "TO_NCLOB": (1, 1, _as_lob),
    "TO_BLOB": (1, 1, lambda args: call("ora_to_blob", args[0])),
    "HEXTORAW": (1, 1, lambda args: call("ora_hex_to_raw", as_text(args[0]))),
    "RAWTOHEX": (1, 1, lambda args: call("ora_raw_to_hex", args[0], kind=Kind.TEXT)),
    "ROWIDTOCHAR": (1, 1, _as_text),
    "ROWIDTONCHAR": (1, 1, _as_text),
    "CHARTOROWID": (1, 1, lambda args: call("ora_rowid_of_text", as_text(args[0]), kind=Kind.TEXT)),
}
"""For each function: the minimum and maximum number of arguments, and its rule."""


def _substring(args: Sequence[exp.Expr]) -> exp.Expr:
    amount = as_integer(args[1]) if len(args) > 1 else number(_MOST_AMOUNT)
    offset = as_integer(args[2]) if len(args) > 2 else number(1)
    return call("ora_lob_substr", args[0], amount, offset, kind=kind_of(args[0]))


def _position(args: Sequence[exp.Expr]) -> exp.Expr:
    offset = as_integer(args[2]) if len(args) > 2 else number(1)
    nth = as_integer(args[3]) if len(args) > 3 else number(1)
    return counted("ora_instr", args[0], as_text(args[1]), offset, nth)


_LOB_PACKAGE_RULES: dict[str, tuple[int, int, Rule]] = {
    "GETLENGTH": (1, 1, lambda args: counted("ora_lob_length", args[0])),
    "SUBSTR": (1, 3, _substring),
    "INSTR": (2, 4, _position),
}


_PACKAGES = {"DBMS_LOB": _LOB_PACKAGE_RULES, "UTL_RAW": RAW_PACKAGE_RULES}


def is_package_function(node: exp.Expr | None) -> bool:
    """Whether `node` calls a supported function of a package."""
    return (
        isinstance(node, exp.Dot)
        and isinstance(node.expression, exp.Anonymous)
        and str(node.expression.this).upper() in _PACKAGES.get(node.this.name.upper(), {})
    )


def package_function(node: exp.Dot, position: int) -> exp.Expr:
    """Return the DuckDB expression for a package function with rewritten arguments.

    Raises:
        OraError: ORA-06553 for too few or too many arguments.
    """
    name, args = str(node.expression.this).upper(), node.expression.expressions
    least, most, rule = _PACKAGES[node.this.name.upper()][name]
    if not least <= len(args) <= most:
        wrong = f"wrong number or types of arguments in call to '{name}'"
        raise OraError(6553, f"PLS-306: {wrong}", position=position)
    return rule(args)
