"""INSERT, UPDATE, DELETE and MERGE clauses that DuckDB writes differently."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.lexer import Token, TokenKind
from tracekit.localdb.translate.writer import write


def split_returning(tokens: Sequence[Token]) -> tuple[Sequence[Token], list[Token]]:
    """Split `... RETURNING x INTO :a` into the tokens before INTO and the binds after it."""
    for index, token in enumerate(tokens):
        if not token.is_word("RETURNING"):
            continue
        for position in range(index + 1, len(tokens)):
            if tokens[position].is_word("INTO"):
                rest = tokens[position + 1 :]
                binds = [token for token in rest if token.kind is TokenKind.BIND]
                if not binds or len(rest) != 2 * len(binds) - 1:
                    raise OraError(925, "missing INTO keyword", position=tokens[position].start)
                return tokens[:position], binds
        raise OraError(925, "missing INTO keyword", position=tokens[-1].end)
    return tokens, []


def shape_change(tree: exp.Expr) -> None:
    """Rewrite a DML tree to DuckDB's clauses, in place."""
    if isinstance(tree, exp.Delete) and not tree.args.get("this"):
        tables = tree.args.get("tables") or []
        if len(tables) == 1:
            tree.set("this", tables[0])
            tree.set("tables", None)
    for update in tree.find_all(exp.Update):
        update.set("expressions", _assignments(update.expressions))
    for when in tree.find_all(exp.When):
        _move_condition(when)
    if isinstance(tree, exp.Merge):
        _check_merge_columns(tree)
    for insert in tree.find_all(exp.Insert):
        _unqualify_columns(insert)


def _assignments(written: list[exp.Expr]) -> list[exp.Expr]:
    result: list[exp.Expr] = []
    for assignment in written:
        target, value = assignment.this, assignment.expression
        if isinstance(target, exp.Tuple):
            result += _tuple_assignments(target.expressions, value)
        else:
            result.append(_assignment(target, value))
    return result


def _assignment(target: exp.Expr, value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Column) and not value.table and value.name.upper() == "DEFAULT":
        value = exp.var("DEFAULT")
    column = exp.Column(this=target.this) if isinstance(target, exp.Column) else target
    return exp.EQ(this=column, expression=value)


def _tuple_assignments(targets: list[exp.Expr], value: exp.Expr) -> list[exp.Expr]:
    """Rewrite `SET (a, b) = (SELECT x, y ...)` as one subquery per column."""
    query = value.unnest() if isinstance(value, exp.Subquery) else None
    if isinstance(query, exp.Select) and len(query.expressions) < len(targets):
        raise OraError(947, "not enough values")
    if not isinstance(query, exp.Select) or len(query.expressions) != len(targets):
        raise OraError(913, "too many values")
    result: list[exp.Expr] = []
    for index, target in enumerate(targets):
        single = query.copy()
        single.set("expressions", [single.expressions[index]])
        result.append(_assignment(target, exp.Subquery(this=single)))
    return result


def _move_condition(when: exp.Expr) -> None:
    """Move the WHERE of a MERGE branch to DuckDB's `WHEN ... AND condition`."""
    then = when.args.get("then")
    where = then.args.get("where") if isinstance(then, exp.Update | exp.Insert) else None
    if then is None or where is None:
        return
    then.set("where", None)
    when.set("condition", exp.Paren(this=where.this))


def _check_merge_columns(merge: exp.Merge) -> None:
    """Check that MERGE does not update the columns that ON compares.

    Raises:
        OraError: ORA-38104 if it does; ORA-00936 if ON compares nothing.
    """
    on = merge.args["on"]
    if not isinstance(on, exp.Expr):
        raise OraError(936, "missing expression")
    target = merge.this.alias_or_name.upper()
    compared = {
        column.name.upper() for column in on.find_all(exp.Column) if column.table.upper() == target
    }
    for update in merge.find_all(exp.Update):
        for assignment in update.expressions:
            name = assignment.this.name
            if name.upper() in compared:
                text = f'Columns referenced in the ON Clause cannot be updated: "{name.upper()}"'
                raise OraError(38104, text)


def _unqualify_columns(insert: exp.Expr) -> None:
    columns = insert.args.get("this")
    if isinstance(columns, exp.Tuple):
        for column in list(columns.expressions):
            if isinstance(column, exp.Column) and column.table:
                column.replace(exp.Column(this=column.this))


def changed_rows(tree: exp.Expr) -> str:
    """For a rewritten UPDATE with RETURNING: a query of the numbers of the rows it will change."""
    if not isinstance(tree, exp.Update) or tree.args.get("returning") is None:
        return ""
    number = exp.Column(this=exp.to_identifier("ROWID", quoted=True))
    rows = exp.Select(expressions=[number], from_=exp.From(this=tree.this.copy()))
    if tree.args.get("where") is not None:
        rows.set("where", tree.args["where"].copy())
    return write(rows)


def returned_columns(tree: exp.Expr) -> tuple[str, ...]:
    """For each output of RETURNING, the table's column; "" for an expression."""
    returning = tree.args.get("returning")
    values = (item.unalias() for item in returning.expressions) if returning is not None else ()
    return tuple(one.name if isinstance(one, exp.Column) else "" for one in values)
