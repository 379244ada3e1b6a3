"""Fit text to columns: refuse longer values and pad CHARs."""

from __future__ import annotations

from sqlglot import exp, parse_one

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate.build import as_text, call, number, text
from tracekit.localdb.translate.column_types import Columns, ColumnType
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.text_types import FIXED, TEXTS, is_fixed, text_type, varies

_NEW = "ORA$NEW"


def fit_values(tree: exp.Expr, context: Context) -> None:
    """Check and pad the text that a rewritten INSERT, UPDATE or MERGE stores, in place.

    A value longer than its column raises ORA-12899 when the statement runs.
    """
    if not isinstance(tree, exp.Insert | exp.Update | exp.Merge):
        return
    columns = context.scopes.target(tree)
    changed = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    owner = changed.args.get("db") if isinstance(changed, exp.Table) else None
    path = f'"{folded(owner) or context.current_schema}"."{changed.name}"'
    fitting = _Fitting(columns, path, context)
    if isinstance(tree, exp.Insert):
        fitting.insert(tree)
    for update in tree.find_all(exp.Update):
        fitting.update(update)
    if isinstance(tree, exp.Merge):
        for insert in tree.find_all(exp.Insert):
            fitting.insert(insert)


class _Fitting:
    """Fits values to the columns of one table.

    Args:
        columns: The table's columns.
        path: The table's name in error messages.
        context: The statement's context.
    """

    def __init__(self, columns: Columns, path: str, context: Context) -> None:
        self._position = context.position
        self._columns = columns
        self._path = path

    def insert(self, insert: exp.Insert) -> None:
        listed = insert.this.expressions if isinstance(insert.this, exp.Schema | exp.Tuple) else []
        names = [folded(_identifier(one)) for one in listed] or list(self._columns)
        values = insert.expression
        if isinstance(values, exp.Values):
            for row in values.expressions:
                self._refuse_columns(row)
                self._fit_tuple(names, row)
        elif isinstance(values, exp.Tuple):
            self._fit_tuple(names, values)
        elif isinstance(values, exp.Query):
            insert.set("expression", self._fit_query(names, values))

    def update(self, update: exp.Update) -> None:
        for assignment in update.expressions:
            name = folded(_identifier(assignment.this))
            assignment.set("expression", self._fitted(name, assignment.expression))

    def _fit_tuple(self, names: list[str], row: exp.Expr) -> None:
        if isinstance(row, exp.Tuple) and len(row.expressions) == len(names):
            fitted = zip(names, row.expressions, strict=True)
            values = [self._not_null(name, self._fitted(name, value)) for name, value in fitted]
            row.set("expressions", values)

    def _refuse_columns(self, row: exp.Expr) -> None:
        """Raise an error if a VALUES row names a column.

        Raises:
            OraError: ORA-00984 if it does.
        """
        for value in row.expressions:
            if isinstance(value, exp.Column) and not _is_default(value):
                raise OraError(984, "column not allowed here", position=self._position(value))

    def _fit_query(self, names: list[str], query: exp.Query) -> exp.Query:
        """Wrap a query: name its columns like the table's, and fit its text."""
        replaced = [
            exp.alias_(self._not_null(name, self._fitted(name, _column(name))), name, quoted=True)
            for name in names
            if self._limit(name) is not None or self._on_null(name)
        ]
        if not replaced:
            return query
        columns = [exp.to_identifier(name, quoted=True) for name in names]
        alias = exp.TableAlias(this=exp.to_identifier(_NEW, quoted=True), columns=columns)
        return exp.Select(
            expressions=[exp.Star(replace=replaced)],
            from_=exp.From(this=exp.Subquery(this=query, alias=alias)),
        )

    def _on_null(self, name: str) -> str:
        found = self._columns.get(name)
        return found.on_null if found is not None else ""

    def _not_null(self, name: str, value: exp.Expr) -> exp.Expr:
        """The value that INSERT stores: its column's default if it is NULL (DEFAULT ON NULL)."""
        default = self._on_null(name)
        if not default or _is_default(value):
            return value
        return exp.Coalesce(this=value, expressions=[parse_one(default, dialect="duckdb")])

    def _limit(self, name: str) -> ColumnType | None:
        found = self._columns.get(name)
        declared = found.declared if found is not None else None
        return found if declared and declared.name in TEXTS and declared.length else None

    def _fitted(self, name: str, value: exp.Expr) -> exp.Expr:
        limit = self._limit(name)
        if limit is None or limit.declared is None or _is_default(value):
            return value
        declared = limit.declared
        assert declared.length is not None, "only columns with a length are fitted"
        known = text_type(value)
        if (
            known is not None
            and known.length is not None
            and known.length <= declared.length
            and (declared.name not in FIXED or (known == declared and not varies(value)))
        ):
            return value
        return fitted(value, declared.name in FIXED, declared.length, f'{self._path}."{name}"')


def fitted(value: exp.Expr, is_char: bool, length: int, column: str) -> exp.Expr:
    """Fit `value` to a text column; ORA-12899 when the statement runs if it is longer.

    Args:
        value: A value of any type.
        is_char: Whether to pad it with blanks.
        length: The column's length.
        column: The column's name in error messages.
    """
    name = "ora_fit_char" if is_char else "ora_fit"
    return call(name, as_text(value), number(length), text(shown_name(column)), kind=Kind.TEXT)


def settle_outputs(query: exp.Expr) -> None:
    """Pad the CHARs in the query of a CREATE VIEW or CREATE TABLE AS, in place.

    Args:
        query: The rewritten query.
    """
    pending = [query]
    while pending:
        one = pending.pop()
        if isinstance(one, exp.SetOperation):
            pending += [one.this, one.expression]
        elif isinstance(one, exp.Subquery):
            pending.append(one.this)
        elif isinstance(one, exp.Select):
            for item in one.expressions:
                if isinstance(item, exp.Alias):
                    item.set("this", _settled(item.this))


def _settled(value: exp.Expr) -> exp.Expr:
    known = text_type(value)
    if known is not None and is_fixed(value) and varies(value) and known.length:
        return call("rpad", value, number(known.length), text(" "), kind=Kind.TEXT)
    return value


def _identifier(column: exp.Expr) -> exp.Expr:
    return column.this if isinstance(column, exp.Column) else column


def _column(name: str) -> exp.Column:
    return exp.Column(
        this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(_NEW, quoted=True)
    )


def _is_default(value: exp.Expr) -> bool:
    if isinstance(value, exp.Var):
        return True
    return isinstance(value, exp.Column) and not value.table and value.name.upper() == "DEFAULT"
