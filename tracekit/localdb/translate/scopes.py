"""The types of columns that a statement names, from the tables in its FROM clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of, with_digits, with_kind
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.types import ZONED_TYPE, DeclaredType

_TYPE_META = "ora_column_type"
_SOURCES_FIRST = {"with_": 0, "from_": 1, "using": 1, "joins": 2}
_REST = 3
_READERS = (exp.Select, exp.Update, exp.Delete, exp.Merge)


@dataclass(frozen=True)
class ColumnType:
    """What is known of a table's column."""

    stored: str
    """DuckDB's type, in upper case."""
    declared: DeclaredType | None = None
    """What Oracle DDL said, if that made the table."""

    @property
    def kind(self) -> Kind:
        """The family of types it is of."""
        if self.stored.startswith("DECIMAL"):
            return Kind.NUMBER
        return _KINDS.get(self.stored, Kind.UNKNOWN)


_KINDS = {
    "VARCHAR": Kind.TEXT,
    "TIMESTAMP_S": Kind.DATE,
    "DATE": Kind.DATE,
    "TIMESTAMP": Kind.TIMESTAMP,
    "TIMESTAMP_MS": Kind.TIMESTAMP,
    "TIMESTAMP_NS": Kind.TIMESTAMP,
    "INTERVAL": Kind.INTERVAL,
    ZONED_TYPE: Kind.ZONED,
    "TIMESTAMP WITH TIME ZONE": Kind.LOCAL,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), Kind.NUMBER),
}

Columns: TypeAlias = Mapping[str, ColumnType]
"""A table's columns by name."""
ColumnsOf: TypeAlias = Callable[[str | None, str], Columns]
"""The columns of a table by its schema (None for the current one) and name; none if unknown."""
Source: TypeAlias = Mapping[str, "ColumnType | Kind"]


def nothing_known(_schema: str | None, _table: str) -> Columns:
    """A catalogue that knows no table."""
    return {}


def in_order(tree: exp.Expr) -> Iterator[exp.Expr]:
    """All nodes, each after its children; a query's sources before what names their columns."""
    pending = [tree]
    visited: list[exp.Expr] = []
    while pending:
        node = pending.pop()
        visited.append(node)
        pending += sorted(
            node.iter_expressions(), key=lambda one: _SOURCES_FIRST.get(one.arg_key or "", _REST)
        )
    return reversed(visited)


def column_type(node: exp.Expr | None) -> ColumnType | None:
    """The type of a column reference that `mark_column` found."""
    found = node.meta.get(_TYPE_META) if node is not None else None
    return found if isinstance(found, ColumnType) else None


class Scopes:
    """Finds the columns that the references of one statement mean.

    Args:
        columns_of: the catalogue.
    """

    def __init__(self, columns_of: ColumnsOf) -> None:
        self._columns_of = columns_of
        self._known: dict[int, dict[str, Source]] = {}

    def mark(self, column: exp.Column) -> None:
        """Note the type of the column that a reference means, if its source tells.

        The queries it may come from are rewritten already, as `in_order` visits them.
        """
        query = column.find_ancestor(*_READERS)
        while query is not None:
            found = _find(column, self._sources(query))
            if found is not None:
                if isinstance(found, ColumnType):
                    column.meta[_TYPE_META] = found
                    if found.kind in MOMENTS and found.declared is not None:
                        with_digits(column, found.declared.scale or 0)
                    found = found.kind
                if found is not Kind.UNKNOWN:
                    with_kind(column, found)
                return
            query = query.find_ancestor(*_READERS)

    def target(self, change: exp.Expr) -> Columns:
        """The columns of the table that INSERT, UPDATE or MERGE changes."""
        table = change.this.this if isinstance(change.this, exp.Schema) else change.this
        return self._table(table) if isinstance(table, exp.Table) else {}

    def _sources(self, query: exp.Expr) -> dict[str, Source]:
        """What a statement or query reads from, by alias."""
        known = self._known.get(id(query))
        if known is None:
            known = {_alias(one): self._source(one) for one in _read(query)}
            self._known[id(query)] = known
        return known

    def _source(self, source: exp.Expr) -> Source:
        if isinstance(source, exp.Table):
            return self._named_query(source) or self._table(source)
        if isinstance(source, exp.Subquery):
            return _renamed(source.args.get("alias"), self._outputs(source.this))
        return {}

    def _table(self, table: exp.Table) -> Columns:
        if not isinstance(table.this, exp.Identifier):
            return {}
        owner = table.args.get("db")
        schema = folded(owner) if owner is not None else None
        return self._columns_of(schema, folded(table.this))

    def _named_query(self, table: exp.Table) -> Source | None:
        """The outputs of the WITH query that a table's name means, if it means one."""
        node: exp.Expr | None = table if table.args.get("db") is None else None
        while node is not None:
            with_clause = node.args.get("with_")
            for cte in with_clause.expressions if with_clause is not None else ():
                if folded(cte.args["alias"].this) == folded(table.this):
                    if table.find_ancestor(exp.CTE) is cte:
                        return {}  # a recursive reference
                    return _renamed(cte.args["alias"], self._outputs(cte.this))
            node = node.parent
        return None

    def _outputs(self, query: exp.Expr) -> Source:
        """The columns of a rewritten query, in order."""
        if isinstance(query, exp.Subquery):
            return self._outputs(query.this)
        if isinstance(query, exp.SetOperation):
            left, right = self._outputs(query.this), self._outputs(query.expression)
            if len(left) != len(right):
                return {}
            pairs = zip(left.items(), right.values(), strict=True)
            return {name: one if one == other else Kind.UNKNOWN for (name, one), other in pairs}
        outputs: dict[str, ColumnType | Kind] = {}
        if isinstance(query, exp.Select):
            for item in query.expressions:
                outputs |= self._output(item, query)
        return outputs

    def _output(self, item: exp.Expr, query: exp.Select) -> Source:
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star):
            passed_on: dict[str, ColumnType | Kind] = {}
            for source in self._sources(query).values():
                passed_on |= source
            return passed_on
        if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            return self._sources(query).get(folded(inner.args.get("table")), {})
        if isinstance(item, exp.Alias):
            name = folded(item.args["alias"])
        elif isinstance(inner, exp.Column):
            name = folded(inner.this)
        else:
            return {}
        return {name: column_type(inner) or kind_of(inner)}


def _find(column: exp.Column, sources: Mapping[str, Source]) -> ColumnType | Kind | None:
    name = folded(column.this)
    owner = column.args.get("table")
    if owner is not None:
        return sources.get(folded(owner), {}).get(name)
    found = [source[name] for source in sources.values() if name in source]
    return found[0] if len(found) == 1 else None


def _read(query: exp.Expr) -> list[exp.Expr]:
    """The tables and subqueries that a statement or query names as its sources."""
    read = [query.args.get("using")]
    if isinstance(query, exp.Update | exp.Delete | exp.Merge):
        read.append(query.this)
    origin = query.args.get("from_")
    read.append(origin.this if origin is not None else None)
    named = [one for one in read if isinstance(one, exp.Expr)]
    joins = [join for one in [query, *named] for join in one.args.get("joins") or ()]
    return named + [join.this for join in joins]


def _alias(source: exp.Expr) -> str:
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        return folded(alias.this)
    return folded(source.this) if isinstance(source, exp.Table) else ""


def _renamed(alias: exp.Expr | None, outputs: Source) -> Source:
    columns = alias.columns if isinstance(alias, exp.TableAlias) else []
    if not columns:
        return outputs
    if len(columns) != len(outputs):
        return {}
    return dict(zip(map(folded, columns), outputs.values(), strict=True))
