"""Where the output columns of a query come from: what DuckDB's types do not tell of Oracle's.

Types that Oracle knows and DuckDB does not (CLOB, CHAR(3), ROWID) are declared for tables' columns.
They are followed here through aliases, subqueries and WITH; and a function of a LOB gives a LOB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from tracekit.localdb.translate.names import folded


@dataclass(frozen=True)
class TableColumn:
    """A column of a table or view; `schema` is None for the current one."""

    schema: str | None
    table: str
    column: str


@dataclass(frozen=True)
class Output:
    """What is known of one output column."""

    columns: tuple[TableColumn, ...] = ()
    """The columns it may be, or (of an expression) whose being a LOB would make it one."""
    plain: bool = False
    """It is a column itself, not an expression."""
    type_name: str = ""
    """CLOB, NCLOB, BLOB or ROWID where the query says so itself."""


@dataclass
class _Scope:
    """The outputs of a subquery, and the tables whose columns it passes on with `*`."""

    outputs: dict[str, Output] = field(default_factory=dict)
    tables: list[tuple[str | None, str]] = field(default_factory=list)

    def find(self, name: str) -> Output:
        passed_on = [TableColumn(*table, name) for table in self.tables]
        return self.outputs.get(name) or Output(tuple(passed_on), plain=bool(passed_on))

    def add_all(self, other: _Scope) -> None:
        for name, output in other.outputs.items():
            self.outputs.setdefault(name, output)
        self.tables += other.tables


_OWN_TYPE = {
    "TO_CLOB": "CLOB",
    "EMPTY_CLOB": "CLOB",
    "TO_NCLOB": "NCLOB",
    "TO_BLOB": "BLOB",
    "EMPTY_BLOB": "BLOB",
}
_FIRST_ONLY = {
    "SUBSTR", "UPPER", "LOWER", "INITCAP", "LTRIM", "RTRIM", "LPAD", "RPAD", "REPLACE",
    "REGEXP_SUBSTR", "REGEXP_REPLACE", "NULLIF", "TRANSLATE",
}  # fmt: skip
_ONE_OF_MANY = {"MIN", "MAX", "FIRST_VALUE", "LAST_VALUE", "LAG", "LEAD"}
_ANY_ARGUMENT = {"NVL", "COALESCE", "CONCAT", "IFNULL"}
_LOB_CASTS = {"TEXT": "CLOB", "VARBINARY": "BLOB", "CLOB": "CLOB", "NCLOB": "NCLOB", "BLOB": "BLOB"}

Known = Mapping[str, _Scope]


NameOf = Callable[[exp.Expr], str]


def defined_outputs(
    query: exp.Expr, name_of: NameOf, names: Sequence[str]
) -> tuple[dict[str, Output], tuple[tuple[str | None, str], ...]]:
    """What CREATE VIEW or CREATE TABLE AS a query makes.

    Args:
        query: before it is rewritten.
        name_of: what an expression without an alias is called.
        names: of the columns where the statement lists them, else empty.

    Returns:
        What is known of columns by their names, and the tables (schema and name) whose columns are
        all among them.
    """
    scope = _Reader(name_of).scope_of(query, {})
    if not names:
        return scope.outputs, tuple(scope.tables)
    if scope.tables or len(names) != len(scope.outputs):
        return {}, ()
    return dict(zip(names, scope.outputs.values(), strict=True)), ()


def query_outputs(tree: exp.Expr, name_of: NameOf) -> dict[str, Output]:
    """What is known of a query's output columns by their names.

    Columns that `*` stands for are missing: they have their own names.

    Args:
        tree: a query, before it is rewritten.
        name_of: what an expression without an alias is called.
    """
    return _Reader(name_of).scope_of(tree, {}).outputs


class _Reader:
    """Walks a query.

    Args:
        name_of: what an expression without an alias is called.
    """

    def __init__(self, name_of: NameOf) -> None:
        self._name_of = name_of

    def scope_of(self, query: exp.Expr, known: Known) -> _Scope:
        with_clause = query.args.get("with_")
        for cte in with_clause.expressions if with_clause is not None else ():
            alias = cte.args.get("alias")
            known = {**known, folded(alias.this): _renamed(alias, self.scope_of(cte.this, known))}
        if isinstance(query, exp.Subquery):
            return self.scope_of(query.this, known)
        if isinstance(query, exp.SetOperation):
            return self.scope_of(query.this, known)
        if not isinstance(query, exp.Select):
            return _Scope()
        sources = self._sources(query, known)
        scope = _Scope()
        for item in query.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(inner, exp.Star):
                for source in sources.values():
                    scope.add_all(source)
            elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
                scope.add_all(sources.get(folded(inner.args.get("table")), _Scope()))
            else:
                scope.outputs.setdefault(self._output_name(item), self._output_of(inner, sources))
        return scope

    def _sources(self, select: exp.Select, known: Known) -> dict[str, _Scope]:
        named: list[exp.Expr] = []
        source = select.args.get("from_")
        if source is not None:
            named.append(source.this)
        named += [join.this for join in select.args.get("joins") or ()]
        found: dict[str, _Scope] = {}
        for table in named:
            alias = table.args.get("alias")
            if isinstance(table, exp.Subquery):
                scope = _renamed(alias, self.scope_of(table.this, known))
                found[folded(alias.this) if alias is not None else f"?{len(found)}"] = scope
            elif isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
                owner, name = table.args.get("db"), folded(table.this)
                schema = folded(owner) if owner is not None else None
                local = known.get(name) if schema is None else None
                alias_name = (
                    alias.this if alias is not None and alias.this is not None else table.this
                )
                found[folded(alias_name)] = local or _Scope(tables=[(schema, name)])
        return found

    def _output_of(self, node: exp.Expr, sources: Mapping[str, _Scope]) -> Output:
        if isinstance(node, exp.Paren | exp.Window):
            return self._output_of(node.this, sources)
        if isinstance(node, exp.Column):
            return _column_output(node, sources)
        if isinstance(node, exp.Cast):
            name = _LOB_CASTS.get(node.to.sql().upper().split("(")[0])
            kind = node.to.this
            return Output(type_name=name or _LOB_CASTS.get(getattr(kind, "name", ""), ""))
        if isinstance(node, exp.Subquery):
            only = list(self.scope_of(node, {}).outputs.values())
            return only[0] if len(only) == 1 else Output()
        if isinstance(node, exp.Anonymous) and str(node.this).upper() in _OWN_TYPE:
            return Output(type_name=_OWN_TYPE[str(node.this).upper()])
        if isinstance(node, exp.Anonymous) and str(node.this).upper() in _ONE_OF_MANY:
            found = [self._output_of(part, sources) for part in node.expressions[:1]]
            return next((one for one in found if one.type_name == "ROWID"), Output())
        return _merged(self._output_of(part, sources) for part in _deciding_parts(node))

    def _output_name(self, item: exp.Expr) -> str:
        if isinstance(item, exp.Alias):
            return folded(item.args["alias"])
        return folded(item.this) if isinstance(item, exp.Column) else self._name_of(item)


def _renamed(alias: exp.Expr | None, scope: _Scope) -> _Scope:
    """With a column list (`WITH t(a, b)`) only the names of the list are known."""
    columns = alias.columns if isinstance(alias, exp.TableAlias) else []
    if not columns:
        return scope
    if scope.tables or len(columns) != len(scope.outputs):
        return _Scope()
    names = (folded(column) for column in columns)
    return _Scope(dict(zip(names, scope.outputs.values(), strict=True)))


def _deciding_parts(node: exp.Expr) -> list[exp.Expr]:
    """The operands that make an expression a LOB if they are."""
    if isinstance(node, exp.DPipe):
        return [node.this, node.expression]
    if isinstance(node, exp.Trim):
        return [node.this]
    if isinstance(node, exp.Case):
        parts = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return [*parts, default] if default is not None else parts
    if not isinstance(node, exp.Anonymous):
        return []
    name, arguments = str(node.this).upper(), node.expressions
    if name in _FIRST_ONLY:
        return arguments[:1]
    if name in _ANY_ARGUMENT:
        return list(arguments)
    if name == "NVL2":
        return arguments[1:]
    if name == "DECODE":
        default = arguments[-1:] if len(arguments) % 2 == 0 else []
        return [*arguments[2::2], *default]
    return []


def _merged(parts: Iterable[Output]) -> Output:
    columns: dict[TableColumn, None] = {}
    names: list[str] = []
    for part in parts:
        columns.update(dict.fromkeys(part.columns))
        if part.type_name not in ("", "ROWID"):
            names.append(part.type_name)
    return Output(tuple(columns), type_name=names[0] if names else "")


def _column_output(column: exp.Column, sources: Mapping[str, _Scope]) -> Output:
    name = folded(column.this)
    if name == "ROWID" and not column.this.args.get("quoted"):
        return Output(type_name="ROWID")
    if column.args.get("table") is not None:
        owner = sources.get(folded(column.args["table"]))
        return owner.find(name) if owner is not None else Output()
    found = [source.find(name) for source in sources.values()]
    known = [output for output in found if output != Output()]
    if len(known) == 1:
        return known[0]
    columns = dict.fromkeys(one for output in known for one in output.columns)
    return Output(tuple(columns), plain=all(output.plain for output in known))
