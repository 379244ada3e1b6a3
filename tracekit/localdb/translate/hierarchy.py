"""CONNECT BY: row generators become number series, trees become recursive CTEs."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import call, case, cast, isolate, number, text, unsupported
from tracekit.localdb.translate.kinds import Kind, with_kind
from tracekit.localdb.translate.number_types import INTEGER, Exact, with_number
from tracekit.localdb.translate.rownum import has_aggregate, is_rownum

Position = Callable[[exp.Expr], int]
_TREE = "ORA$TREE"
_CHILD = "ORA$CHILD"
_PARENT = "ORA$PARENT"
_LEVEL = "ORA$LEVEL"
_PATH = "ORA$PATH"
_ROW = "ORA$ROW"
_SERIES = "ORA$SERIES"
_MARKED = "ORA$MARKED"
_LEAF = "ORA$LEAF"
_CYCLE = "ORA$CYCLE"
_HIERARCHICAL = {"SYS_CONNECT_BY_PATH", "CONNECT_BY_ISLEAF", "CONNECT_BY_ISCYCLE"}


def rewrite_hierarchies(tree: exp.Expr, position: Position) -> None:
    """Rewrite every query block with CONNECT BY, in place.

    Raises:
        OraError: ORA-03001 for a form that cannot be translated.
    """
    for select in list(tree.find_all(exp.Select)):
        connect = select.args.get("connect")
        if connect is None:
            continue
        if _is_generator(select, connect):
            _generate_rows(select, connect)
        else:
            _Hierarchy(select, connect, position).rewrite()


def _is_level(node: exp.Expr | None) -> bool:
    return (
        isinstance(node, exp.Column)
        and not node.table
        and not node.this.args.get("quoted")
        and node.name.upper() == "LEVEL"
    )


def _is_generator(select: exp.Select, connect: exp.Expr) -> bool:
    condition = connect.args["connect"]
    source = select.args.get("from_")
    return (
        connect.args.get("start") is None
        and not select.args.get("joins")
        and source is not None
        and isinstance(source.this, exp.Table)
        and source.this.name.upper() == "DUAL"
        and isinstance(condition, exp.LTE | exp.LT)
        and (_is_level(condition.this) or is_rownum(condition.this))
        and not any(_is_hierarchical(node) for node in select.walk())
    )


def _is_hierarchical(node: exp.Expr) -> bool:
    """Whether the node refers to parents or children."""
    if isinstance(node, exp.ConnectByRoot | exp.Prior):
        return True
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper() in _HIERARCHICAL
    return isinstance(node, exp.Column) and node.name.upper() in _HIERARCHICAL


def _generate_rows(select: exp.Select, connect: exp.Expr) -> None:
    """Translate `FROM DUAL CONNECT BY LEVEL <= n` to the numbers 1 to n; at least one row."""
    condition = connect.args["connect"]
    inclusive = isinstance(condition, exp.LTE)
    count = call("ora_rows_to" if inclusive else "ora_rows_below", condition.expression)
    last = call("greatest", count, number(1))
    if last.find(exp.Column, exp.Query):  # a table function would refer to the rows around it
        series = call("unnest", call("generate_series", number(1), last))
        inner = exp.Select(expressions=[exp.alias_(series, _LEVEL, quoted=True)])
    else:
        counted = exp.Table(this=call("generate_series", number(1), last))
        level = exp.to_identifier(_LEVEL, quoted=True)
        counted.set("alias", exp.TableAlias(this=exp.to_identifier(_SERIES), columns=[level]))
        inner = exp.Select(expressions=[_column(_LEVEL)]).from_(counted)
    select.set("connect", None)
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=_alias("DUAL"))))
    for column in list(select.find_all(exp.Column)):
        if _is_level(column) or is_rownum(column):
            column.replace(with_number(_column(_LEVEL, "DUAL"), Exact(INTEGER)))


def _column(name: str, table: str | None = None) -> exp.Column:
    qualifier = exp.to_identifier(table, quoted=True) if table else None
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=qualifier)


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _level(value: exp.Expr) -> exp.Expr:
    """Cast LEVEL, so that both halves of the recursion have the same type."""
    return with_number(cast(value, exp.DType.BIGINT), Exact(INTEGER))


def _next_level() -> exp.Expr:
    """The LEVEL of a child row."""
    return _level(exp.Add(this=_column(_LEVEL, _PARENT), expression=number(1)))


class _Hierarchy:
    """A query block over one table or subquery with CONNECT BY PRIOR."""

    def __init__(self, select: exp.Select, connect: exp.Expr, position: Position) -> None:
        self._select = select
        self._connect = connect
        self._position = position
        self._extra: list[tuple[str, exp.Expr, exp.Expr]] = []
        self._marks: set[str] = set()
        self._siblings: exp.Expr | None = None
        self._alias = ""
        self._has_prior = connect.args["connect"].find(exp.Prior) is not None

    def rewrite(self) -> None:
        select, connect = self._select, self._connect
        source = select.args.get("from_")
        if source is None or select.args.get("joins"):
            raise unsupported("CONNECT BY over a join", self._position(connect))
        condition = connect.args["connect"]
        if condition.find(exp.Query) or is_rownum(condition.find(exp.Column)):
            raise unsupported("this CONNECT BY condition", self._position(connect))
        table = source.this
        alias = self._alias = table.alias_or_name
        self._replace_pseudo(alias)
        order = select.args.get("order")
        siblings = order.args.get("siblings") if order is not None else None
        cte = self._recursion(table, alias, condition, order if siblings else None)
        select.set("connect", None)
        queries = [cte, *([self._marking(table, condition)] if self._marks else [])]
        own = select.args.get("with_")
        before = own.expressions if own is not None else []
        select.set("with_", exp.With(expressions=[*before, *queries], recursive=True))
        name = _MARKED if self._marks else _TREE
        tree = exp.Table(this=exp.to_identifier(name, quoted=True), alias=self._folded_alias(alias))
        select.set("from_", exp.From(this=tree))
        unordered = select.args.get("group") or select.args.get("distinct") or has_aggregate(select)
        if siblings or (order is None and not unordered):
            ordered = exp.Ordered(this=_column(_PATH), nulls_first=False)
            select.set("order", exp.Order(expressions=[ordered]))
        isolate(select)

    def _folded_alias(self, alias: str) -> exp.TableAlias:
        return exp.TableAlias(this=exp.to_identifier(alias or _TREE))

    def _replace_pseudo(self, alias: str) -> None:
        stars: list[exp.Expr] = []
        for item in self._select.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                star = item if isinstance(item, exp.Star) else item.this
                stars.append(star)
        for node in list(
            self._select.find_all(exp.Column, exp.Anonymous, exp.ConnectByRoot, exp.Prior)
        ):
            if node.find_ancestor(exp.Connect):
                continue
            if _is_level(node):
                node.replace(with_number(_column(_LEVEL), Exact(INTEGER)))
            elif (
                isinstance(node, exp.Anonymous) and str(node.this).upper() == "SYS_CONNECT_BY_PATH"
            ):
                self._path(node)
            elif isinstance(node, exp.ConnectByRoot):
                self._root(node)
            elif isinstance(node, exp.Prior):
                self._prior(node)
            elif isinstance(node, exp.Column) and node.name.upper() in _HIERARCHICAL:
                self._mark(node)
        added = [_LEVEL, _PATH, _ROW, *(name for name, _, _ in self._extra), *sorted(self._marks)]
        for star in stars:
            star.set("except_", [exp.to_identifier(name, quoted=True) for name in added])

    def _mark(self, node: exp.Column) -> None:
        """Translate CONNECT_BY_ISLEAF or CONNECT_BY_ISCYCLE."""
        name = _LEAF if node.name.upper() == "CONNECT_BY_ISLEAF" else _CYCLE
        if name == _CYCLE and not self._connect.args.get("nocycle"):
            raise OraError(
                30930,
                "NOCYCLE keyword is required with CONNECT_BY_ISCYCLE pseudocolumn",
                position=self._position(node),
            )
        self._marks.add(name)
        node.replace(with_number(_column(name), Exact(INTEGER)))

    def _marking(self, table: exp.Expr, condition: exp.Expr) -> exp.CTE:
        """The tree's rows, with 1 for leaves, or for rows with an ancestor among their children."""
        marks: list[exp.Expr] = []
        for name in sorted(self._marks):
            again = self._is_ancestor()
            nocycle = bool(self._connect.args.get("nocycle"))
            chosen = again if name == _CYCLE else exp.Not(this=again) if nocycle else None
            child = exp.Select(
                expressions=[number(1)],
                from_=exp.From(this=exp.Subquery(this=self._rows(table), alias=_alias(_CHILD))),
                where=exp.Where(this=exp.and_(self._step(condition), chosen, copy=False)),
            )
            found = exp.Exists(this=child)
            values = (number(1), number(0)) if name == _CYCLE else (number(0), number(1))
            mark = case((found, values[0]), default=values[1])
            marks.append(exp.alias_(mark, name, quoted=True))
        star = exp.Column(this=exp.Star(), table=exp.to_identifier(_PARENT, quoted=True))
        tree = exp.Table(this=exp.to_identifier(_TREE, quoted=True), alias=_alias(_PARENT))
        query = exp.Select(expressions=[star, *marks], from_=exp.From(this=tree))
        return exp.CTE(this=query, alias=_alias(_MARKED))

    def _is_ancestor(self) -> exp.Expr:
        """Whether the child is the parent row or one of its ancestors."""
        return call("list_contains", _column(_PATH, _PARENT), _column(_ROW, _CHILD))

    def _path(self, node: exp.Anonymous) -> None:
        """SYS_CONNECT_BY_PATH: each level appends the separator and the child's value."""
        if len(node.expressions) != 2:
            raise OraError(909, "invalid number of arguments", position=self._position(node))
        value, separator = node.expressions
        name = f"ORA$PATH{len(self._extra)}"
        first = exp.DPipe(
            this=separator.copy(),
            expression=_without(self._of(_CHILD, value, _level(number(1))), separator),
        )
        again = exp.DPipe(
            this=exp.DPipe(this=_column(name, _PARENT), expression=separator.copy()),
            expression=_without(self._of(_CHILD, value, _next_level()), separator),
        )
        self._extra.append((name, first, again))
        node.replace(with_kind(_column(name), Kind.TEXT))

    def _root(self, node: exp.Expr) -> None:
        first = self._of(_CHILD, node.this, number(1))
        for known, value, _ in self._extra:
            if known.startswith("ORA$ROOT") and value == first:
                node.replace(_column(known))
                return
        name = f"ORA$ROOT{len(self._extra)}"
        self._extra.append((name, first, _column(name, _PARENT)))
        node.replace(_column(name))

    def _prior(self, node: exp.Expr) -> None:
        name = f"ORA$PRIOR{len(self._extra)}"
        nothing = case((exp.false(), self._of(_CHILD, node.this, number(1))))
        self._extra.append((name, nothing, self._of(_PARENT, node.this, _column(_LEVEL, _PARENT))))
        node.replace(_column(name))

    def _of(self, table: str, value: exp.Expr, level: exp.Expr) -> exp.Expr:
        """Replace the columns in `value` with those of `table`, and LEVEL with `level`."""
        copied = exp.Paren(this=value.copy())
        for column in list(copied.find_all(exp.Column)):
            if _is_level(column):
                column.replace(exp.Paren(this=level.copy()))
            elif self._is_own(column):
                column.set("table", exp.to_identifier(table, quoted=True))
        return copied

    def _is_own(self, column: exp.Column) -> bool:
        """Whether it is not one of the query around, of which another table's name tells."""
        return not column.table or column.table.upper() == self._alias.upper()

    def _rows(self, table: exp.Expr) -> exp.Select:
        """The source's rows, numbered in the order of siblings."""
        keys = self._siblings.expressions if self._siblings is not None else []
        keys = [
            exp.Ordered(
                this=self._of(_CHILD, key.this, number(1)),
                desc=key.args.get("desc"),
                nulls_first=key.args.get("nulls_first"),
            )
            for key in keys
        ]
        numbering = exp.Window(
            this=call("row_number"),
            over="OVER",
            order=exp.Order(expressions=keys) if keys else None,
        )
        return exp.Select(
            expressions=[exp.Star(), exp.alias_(numbering, _ROW, quoted=True)],
            from_=exp.From(this=self._aliased(table.copy())),
        )

    def _recursion(
        self, table: exp.Expr, alias: str, condition: exp.Expr, siblings: exp.Expr | None
    ) -> exp.CTE:
        """The roots, then level by level their children; ORA$PATH sorts them depth first."""
        self._siblings = siblings
        rows = self._rows(table)
        start = self._connect.args.get("start")
        roots = exp.Select(
            expressions=[
                exp.Column(this=exp.Star(), table=exp.to_identifier(_CHILD, quoted=True)),
                exp.alias_(_level(number(1)), _LEVEL, quoted=True),
                exp.alias_(exp.Array(expressions=[_column(_ROW, _CHILD)]), _PATH, quoted=True),
                *(exp.alias_(first, name, quoted=True) for name, first, _ in self._extra),
            ],
            from_=exp.From(this=exp.Subquery(this=rows, alias=_alias(_CHILD))),
        )
        if start is not None:
            roots.set("where", exp.Where(this=self._of(_CHILD, start, number(1))))
        path = call("list_append", _column(_PATH, _PARENT), _column(_ROW, _CHILD))
        below = exp.Select(
            expressions=[
                exp.Column(this=exp.Star(), table=exp.to_identifier(_CHILD, quoted=True)),
                exp.alias_(_next_level(), _LEVEL, quoted=True),
                exp.alias_(self._unless_cycle(path), _PATH, quoted=True),
                *(exp.alias_(again, name, quoted=True) for name, _, again in self._extra),
            ],
            from_=exp.From(
                this=exp.Table(this=exp.to_identifier(_TREE, quoted=True), alias=_alias(_PARENT))
            ),
            joins=[
                exp.Join(
                    this=exp.Subquery(this=rows.copy(), alias=_alias(_CHILD)),
                    on=self._followed(condition),
                )
            ],
        )
        union = exp.Union(this=roots, expression=below, distinct=False)
        return exp.CTE(this=union, alias=_alias(_TREE))

    def _aliased(self, table: exp.Expr) -> exp.Expr:
        table.set("alias", _alias(_CHILD))
        return table

    def _unless_cycle(self, path: exp.Expr) -> exp.Expr:
        """Raise ORA-01436 if a row is its own ancestor."""
        if self._connect.args.get("nocycle") or not self._has_prior:
            return path
        again = self._is_ancestor()
        return case(
            (again, call("error", text("ORA-01436: CONNECT BY loop in user data"))), default=path
        )

    def _followed(self, condition: exp.Expr) -> exp.Expr:
        """Which children to follow: with NOCYCLE, those that are not ancestors."""
        step = self._step(condition)
        if self._connect.args.get("nocycle"):
            return exp.And(this=step, expression=exp.Not(this=self._is_ancestor()))
        return step

    def _step(self, condition: exp.Expr) -> exp.Expr:
        """The CONNECT BY condition between a parent (PRIOR) and a child."""
        step = exp.Paren(this=condition.copy())
        for column in list(step.find_all(exp.Column)):
            parent = column.find_ancestor(exp.Prior) is not None
            if _is_level(column):
                column.replace(exp.Paren(this=_next_level()))
                continue
            if not self._is_own(column):
                continue
            column.set("table", exp.to_identifier(_PARENT if parent else _CHILD, quoted=True))
        if not self._has_prior and not any(map(_is_level, condition.find_all(exp.Column))):
            raise unsupported("CONNECT BY without PRIOR and LEVEL", self._position(self._connect))
        for prior in list(step.find_all(exp.Prior)):
            prior.replace(exp.Paren(this=prior.this))
        return step


_SEPARATED = (
    "ORA-30004: when using SYS_CONNECT_BY_PATH function, "
    "cannot have separator as part of column value"
)


def _without(value: exp.Expr, separator: exp.Expr) -> exp.Expr:
    """A part of a path as text; ORA-30004 if it has the separator in it."""
    written = exp.DPipe(this=value, expression=exp.Literal.string(""))
    found = exp.Anonymous(this="INSTR", expressions=[written.copy(), separator.copy()])
    refused = call("error", text(_SEPARATED), kind=Kind.TEXT)
    return case((exp.GT(this=found, expression=number(0)), refused), default=written)
