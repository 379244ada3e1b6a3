"""The last check of FREE numbers: no operation may read their bytes as something else."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.number_types import FREE, number_type

_TAKEN_AS_THEY_ARE = {
    "coalesce", "nullif", "greatest", "least", "min", "max", "count", "first", "last", "list",
    "lag", "lead", "first_value", "last_value", "nth_value", "any_value", "mode", "unnest",
    "approx_count_distinct", "quantile_disc", "try", "ora_text", "ora_length", "late_ora_text",
    "late_ora_length", "ora_free_text",
}  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.Like)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ)
_BYTES = (exp.DType.BLOB, exp.DType.VARBINARY, exp.DType.BIT)


def check_free_numbers(tree: exp.Expr) -> None:
    """Refuse operations in which DuckDB would compute with the bytes of a number.

    Raises:
        OraError: ORA-03001 naming the operation.
    """
    for node in tree.walk():
        if number_type(node) is not FREE or node.parent is None:
            continue
        parent = node.parent
        if isinstance(parent, exp.Anonymous):
            name = str(parent.this)
            if name not in _TAKEN_AS_THEY_ARE and not name.startswith("ora_number_"):
                raise unsupported(f"a NUMBER in {name.upper()}")
        elif isinstance(parent, exp.Cast):
            if parent.to.this not in _BYTES:
                raise unsupported(f"a NUMBER as {parent.to.sql()}")
        elif isinstance(parent, _ARITHMETIC):
            raise unsupported("arithmetic of a NUMBER and a value of unknown type")
        elif isinstance(parent, _COMPARISONS):
            other = parent.expression if node is parent.this else parent.this
            if not _is_assignment(parent) and not _compares(other):
                raise unsupported("a comparison of a NUMBER with a value of unknown type")


def _is_assignment(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.Update) and node.arg_key == "expressions"


def _compares(other: exp.Expr) -> bool:
    return number_type(other) is FREE or kind_of(other) is Kind.NULL
