"""Fold identifiers to upper case, and give output columns the names that Oracle gives them."""

from __future__ import annotations

import re

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.dialect import SOURCE_SPAN
from tracekit.localdb.translate.kinds import has_precision

_MAX_NAME_LENGTH = 128
_BLANKS = re.compile(r"(\"[^\"]*\")|\s+")
_PLACEHOLDER = re.compile(r":([bdl]\d+)\b")


def name_output_columns(tree: exp.Expr, prepared: Prepared) -> None:
    """Name every expression column without an alias after its text, as Oracle does."""
    for select in tree.find_all(exp.Select):
        for item in list(select.expressions):
            if isinstance(item, exp.Alias | exp.Star | exp.Column) and not _is_pseudo(item):
                continue
            name = column_name(item, prepared)
            if name:
                item.replace(
                    exp.Alias(this=item.copy(), alias=exp.to_identifier(name, quoted=True))
                )


def _is_pseudo(item: exp.Expr) -> bool:
    """Whether a column reference is a function without parentheses (SYSDATE, ROWNUM, s.NEXTVAL)."""
    if not isinstance(item, exp.Column) or not isinstance(item.this, exp.Identifier):
        return False
    if item.this.quoted:
        return False
    name = item.name.upper()
    if name in ("NEXTVAL", "CURRVAL", "ROWID"):
        return True
    return item.args.get("table") is None and name in _PSEUDO_COLUMNS


_PSEUDO_COLUMNS = {
    "SYSDATE", "ROWNUM", "LEVEL", "USER", "UID", "SESSIONTIMEZONE", "DBTIMEZONE",
    "CONNECT_BY_ISLEAF", "CONNECT_BY_ISCYCLE", "BINARY_DOUBLE_NAN", "BINARY_DOUBLE_INFINITY",
    "BINARY_FLOAT_NAN", "BINARY_FLOAT_INFINITY",
}  # fmt: skip


def column_name(item: exp.Expr, prepared: Prepared) -> str:
    """The expression's text in upper case, without blanks."""
    span = item.meta.get(SOURCE_SPAN)
    if span is None:
        return ""
    written = prepared.text[span[0] : span[1]]
    if isinstance(item, exp.Column):
        return folded(item.this)
    shown = _PLACEHOLDER.sub(lambda match: prepared.shown.get(match[1], match[0]), written)
    written = shown_name(_BLANKS.sub(r"\1", shown))
    return written.upper()[:_MAX_NAME_LENGTH]


def expand_order_aliases(tree: exp.Expr) -> None:
    """Replace aliases inside ORDER BY expressions (`ORDER BY total + 1`) with what they stand for.

    DuckDB accepts an alias there, but its type is unknown to the macros' overloads.
    """
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        if order is None:
            continue
        aliased = {
            folded(item.args["alias"]): item.this for item in select.expressions if item.alias
        }
        for ordered in order.expressions:
            if isinstance(ordered.this, exp.Column):
                _refuse_ambiguous(ordered.this, select)
                continue
            for column in list(ordered.find_all(exp.Column)):
                value = None if column.table else aliased.get(folded(column.this))
                if value is not None and not _is_aggregated(column):
                    column.replace(exp.Paren(this=value.copy()))


def _refuse_ambiguous(column: exp.Column, select: exp.Select) -> None:
    """Refuse to sort by a name that several outputs have, at least one of them as an alias.

    Raises:
        OraError: ORA-00960.
    """
    if column.table or not isinstance(column.this, exp.Identifier):
        return
    named = [item for item in select.expressions if folded_name(item) == folded(column.this)]
    values = {item.unalias().sql() for item in named}
    if len(values) > 1 and any(isinstance(item, exp.Alias) for item in named):
        raise OraError(960, "ambiguous column naming in select list")


def folded_name(item: exp.Expr) -> str:
    """The name of an output that is a column or has an alias; "" for any other."""
    if isinstance(item, exp.Alias):
        return folded(item.args["alias"])
    is_column = isinstance(item, exp.Column) and isinstance(item.this, exp.Identifier)
    return folded(item.this) if is_column else ""


def keep_group_constants(tree: exp.Expr) -> None:
    """Make the numbers of GROUP BY constants, in place; DuckDB takes them for positions."""
    for group in tree.find_all(exp.Group):
        for literal in list(group.find_all(exp.Literal)):
            if isinstance(literal.parent, _GROUPINGS) and not literal.is_string:
                literal.replace(exp.Literal.string(literal.this))


_GROUPINGS = (exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren)

AGGREGATES = {
    "COUNT", "SUM", "AVG", "MIN", "MAX", "LISTAGG", "MEDIAN", "STDDEV", "VARIANCE", "STATS_MODE",
    "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP",
}  # fmt: skip
"""Aggregates; a name in their arguments is always a column, never an alias."""


def _is_aggregated(column: exp.Column) -> bool:
    call = column.find_ancestor(exp.Anonymous)
    while call is not None and str(call.this).upper() not in AGGREGATES:
        call = call.find_ancestor(exp.Anonymous)
    return call is not None


def folded(identifier: exp.Expr | None) -> str:
    """The name that an identifier stands for, as DuckDB stores it; "" for none."""
    if identifier is None:
        return ""
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def fold_identifiers(tree: exp.Expr) -> None:
    """Write every unquoted identifier in upper case, and quote all identifiers."""
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted:
            identifier.set("this", identifier.name.upper())
            identifier.set("quoted", True)


def computed_columns(tree: exp.Expr) -> frozenset[str]:
    """The names of the output columns that are computed rather than a table's own.

    Follows WITH queries. Oracle describes a computed NUMBER without precision; only
    CAST(x AS NUMBER(p, s)) counts as a column of that type.
    """
    return frozenset(_computed(tree, {}))


def _computed(query: exp.Expr, known: dict[str, set[str]]) -> set[str]:
    known = dict(known)
    with_clause = query.args.get("with_")
    for cte in with_clause.expressions if with_clause is not None else ():
        known[cte.alias] = _renamed(cte, _computed(cte.this, known))
    if isinstance(query, exp.Subquery):
        return _computed(query.this, known)
    if isinstance(query, exp.SetOperation):
        return _computed(query.this, known) | _computed(query.expression, known)
    if not isinstance(query, exp.Select):
        return set()
    sources = _sources(query, known)
    result: set[str] = set()
    for item in query.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star):
            result.update(*sources.values())
        elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            result |= sources.get(inner.table, set())
        elif isinstance(inner, exp.Column):
            owners = [inner.table] if inner.table else list(sources)
            if any(inner.name in sources.get(owner, ()) for owner in owners):
                result.add(item.alias_or_name)
        elif not has_precision(inner):
            result.add(item.alias_or_name)
    return result


def _renamed(derived: exp.Expr, computed: set[str]) -> set[str]:
    """The columns listed in `WITH t(a, b)` replace the query's names; all may be computed."""
    alias = derived.args.get("alias")
    columns = alias.columns if isinstance(alias, exp.TableAlias) else []
    return {column.name for column in columns} if columns else computed


def _sources(select: exp.Select, known: dict[str, set[str]]) -> dict[str, set[str]]:
    tables: list[exp.Expr] = []
    source = select.args.get("from_")
    if source is not None:
        tables.append(source.this)
    tables += [join.this for join in select.args.get("joins") or ()]
    result: dict[str, set[str]] = {}
    for table in tables:
        if isinstance(table, exp.Subquery):
            result[table.alias_or_name] = _renamed(table, _computed(table.this, known))
        elif isinstance(table, exp.Table):
            result[table.alias_or_name] = known.get(table.name, set())
    return result
