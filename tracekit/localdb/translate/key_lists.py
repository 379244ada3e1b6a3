"""TABLE(SYS.ODCIVARCHAR2LIST(...)) and ODCINUMBERLIST: the values of a list as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.translate.build import as_text, call
from tracekit.localdb.translate.implicit import as_number
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.translate.number_types import FREE, as_free, with_number

TEXTS, NUMBERS = "ORA$TEXTS", "ORA$NUMBERS"
"""The calls that stand for the rows of a list."""
_LISTS = {"ODCIVARCHAR2LIST": TEXTS, "ODCINUMBERLIST": NUMBERS}
_COLUMN = "COLUMN_VALUE"


def rewrite_key_lists(tree: exp.Expr) -> None:
    """Replace every such table with a query, in place; other table functions are left unchanged."""
    for number, table in enumerate(list(tree.find_all(exp.Table))):
        listed = _listed(table)
        if listed is None:
            continue
        name, values = listed
        rows = exp.Anonymous(this=name, expressions=list(values))
        query = exp.Select(expressions=[exp.alias_(rows, _COLUMN, quoted=True)])
        alias = table.args.get("alias") or exp.TableAlias(
            this=exp.to_identifier(f"ORA$KEYS{number}", quoted=True)
        )
        table.replace(exp.Subquery(this=query, alias=alias, joins=table.args.get("joins")))


def _listed(table: exp.Table) -> tuple[str, Sequence[exp.Expr]] | None:
    """The kind of the list in `TABLE(SYS.ODCI...LIST(...))`, and its values."""
    outer = table.this
    if not isinstance(outer, exp.Anonymous) or str(outer.this).upper() != "TABLE":
        return None
    inner = outer.expressions[0] if len(outer.expressions) == 1 else None
    if isinstance(inner, exp.Dot) and inner.this.name.upper() == "SYS":
        inner = inner.expression
    name = str(inner.this).upper() if isinstance(inner, exp.Anonymous) else ""
    return (_LISTS[name], inner.expressions) if name in _LISTS and inner is not None else None


def rows_of(name: str, values: Sequence[exp.Expr]) -> exp.Expr:
    """Rewritten values as rows of one column."""
    if name == TEXTS:
        listed = exp.Array(expressions=[as_text(value) for value in values])
        return call("unnest", listed, kind=Kind.TEXT)
    listed = exp.Array(expressions=[as_free(as_number(value)) for value in values])
    return with_number(call("unnest", listed), FREE)
