"""The types of the columns that a statement names, taken from the tables in its FROM clauses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate.column_types import (
    Columns,
    ColumnsOf,
    ColumnType,
    Output,
    common_type,
    mark_with,
    output_type,
)
from tracekit.localdb.translate.names import folded

_SOURCES_FIRST = {"with_": 0, "from_": 1, "using": 1, "joins": 2}
_REST = 3
_READERS = (exp.Select, exp.Update, exp.Delete, exp.Merge)


Outputs: TypeAlias = Sequence[tuple[str, Output]]
"""A query's columns in order; empty if the columns of one of its sources are unknown."""
Source: TypeAlias = Mapping[str, Output | None]
"""The columns of one source by name; None marks a name that two columns share."""


def nothing_known(_schema: str | None, _table: str) -> Columns:
    """A catalogue without tables."""
    return {}


def in_order(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield all nodes, children first, and a query's sources before the columns that name them."""
    pending = [tree]
    visited: list[exp.Expr] = []
    while pending:
        node = pending.pop()
        visited.append(node)
        pending += sorted(
            node.iter_expressions(), key=lambda one: _SOURCES_FIRST.get(one.arg_key or "", _REST)
        )
    return reversed(visited)


class Scopes:
    """Finds the columns that a statement's references mean.

    Args:
        columns_of: Looks up a table's columns in the catalogue.
    """

    def __init__(self, columns_of: ColumnsOf) -> None:
        self._columns_of = columns_of
        self._known: dict[int, dict[str, Source]] = {}

    def mark(self, column: exp.Column) -> None:
        """Record the type of the column that a reference means, if its source is known.

        Its source queries must be rewritten before it, in the order of `in_order`.
        """
        query = column.find_ancestor(*_READERS)
        while query is not None:
            sources = self.sources(query)
            is_found, found = _find(column, sources)
            own = None if is_found else _find_as_spelled(column, sources)
            if own is not None:
                is_found, found = True, own
                column.this.set("this", own.spelled.upper())
            if is_found:
                if found is None:
                    raise OraError(918, "column ambiguously defined")
                mark_with(column, found)
                return
            query = query.find_ancestor(*_READERS)

    def target(self, change: exp.Expr) -> Columns:
        """The columns of the table that INSERT, UPDATE or MERGE changes."""
        table = change.this.this if isinstance(change.this, exp.Schema) else change.this
        return self._table(table) if isinstance(table, exp.Table) else {}

    def sources(self, query: exp.Expr) -> dict[str, Source]:
        """The sources of a statement or query, by alias."""
        known = self._known.get(id(query))
        if known is None:
            known = {}
            for one, side in _read(query):
                source = self._source(one)
                if side in ("RIGHT", "FULL"):
                    known = {alias: _optional(before) for alias, before in known.items()}
                known[_alias(one)] = _optional(source) if side in ("LEFT", "FULL") else source
            self._known[id(query)] = known
        return known

    def _source(self, source: exp.Expr) -> Source:
        if isinstance(source, exp.Table):
            return self._named_query(source) or self._table(source)
        if isinstance(source, exp.Subquery):
            return _as_source(_renamed(source.args.get("alias"), self.outputs(source.this)))
        return {}

    def _table(self, table: exp.Table) -> Columns:
        if not isinstance(table.this, exp.Identifier):
            return {}
        owner = table.args.get("db")
        schema = folded(owner) if owner is not None else None
        return self._columns_of(schema, folded(table.this))

    def _named_query(self, table: exp.Table) -> Source | None:
        """The outputs of the WITH query that a table name refers to, or None."""
        node: exp.Expr | None = table if table.args.get("db") is None else None
        while node is not None:
            with_clause = node.args.get("with_")
            for cte in with_clause.expressions if with_clause is not None else ():
                if folded(cte.args["alias"].this) == folded(table.this):
                    query = cte.this
                    if _is_within(table, query) and isinstance(query, exp.SetOperation):
                        query = query.this  # recursion: the columns of the first branch
                    return _as_source(_renamed(cte.args["alias"], self.outputs(query)))
            node = node.parent
        return None

    def outputs(self, query: exp.Expr) -> Outputs:
        """The columns of a rewritten query, in order; empty if one of its sources is unknown.

        Raises:
            OraError: ORA-00918 if `*` includes two columns with the same name.
        """
        if isinstance(query, exp.Subquery):
            return self.outputs(query.this)
        if isinstance(query, exp.SetOperation):
            left, right = self.outputs(query.this), self.outputs(query.expression)
            if len(left) != len(right):
                return []
            pairs = zip(left, right, strict=True)
            return [(name, common_type(one, other)) for (name, one), (_, other) in pairs]
        outputs: list[tuple[str, Output]] = []
        if not isinstance(query, exp.Select):
            return []
        for item in query.expressions:
            found = self._output(item, query)
            if not found:
                return []
            outputs += found
        return outputs

    def _output(self, item: exp.Expr, query: exp.Select) -> Outputs:
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star):
            passed_on: list[tuple[str, Output]] = []
            for source in self.sources(query).values():
                found = _passed_on(source, inner)
                if not found:
                    return []
                passed_on += found
            return passed_on
        if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            owner = folded(inner.args.get("table"))
            return _passed_on(self.sources(query).get(owner, {}), inner.this)
        if isinstance(item, exp.Alias):
            name = folded(item.args["alias"])
        else:
            name = folded(inner.this) if isinstance(inner, exp.Column) else ""
        return [(name, output_type(inner))]


def _passed_on(source: Source, star: exp.Star) -> Outputs:
    excluded = {folded(one) for one in star.args.get("except_") or ()}
    outputs: list[tuple[str, Output]] = []
    for name, known in source.items():
        if known is None:
            raise OraError(918, "column ambiguously defined")
        if name not in excluded:
            outputs.append((name, known))
    return outputs


def _as_source(outputs: Outputs) -> Source:
    names = [name for name, _ in outputs]
    return {name: None if names.count(name) > 1 else known for name, known in outputs}


def _optional(source: Source) -> Source:
    """The columns of the optional side of an outer join: all nullable."""
    return {
        name: replace(known, nullable=True) if isinstance(known, ColumnType) else known
        for name, known in source.items()
    }


def _is_within(node: exp.Expr, query: exp.Expr) -> bool:
    parent: exp.Expr | None = node
    while parent is not None and parent is not query:
        parent = parent.parent
    return parent is query


def _find(column: exp.Column, sources: Mapping[str, Source]) -> tuple[bool, Output | None]:
    """Whether the reference is to one of the sources, and the column's type if it is known."""
    name = folded(column.this)
    owner = column.args.get("table")
    if owner is not None:
        source = sources.get(folded(owner), {})
        return name in source, source.get(name)
    found = [source[name] for source in sources.values() if name in source]
    return len(found) == 1, found[0] if len(found) == 1 else None


def _find_as_spelled(column: exp.Column, sources: Mapping[str, Source]) -> ColumnType | None:
    """The column of a DuckDB file that a quoted name with small letters refers to.

    Raises:
        OraError: ORA-00918 if two sources have such a column.
    """
    spelled = shown_name(column.name)
    if spelled == column.name:
        return None
    owner = folded(column.args.get("table"))
    found = [
        known
        for alias, source in sources.items()
        if owner in ("", alias)
        for known in source.values()
        if isinstance(known, ColumnType) and known.spelled == spelled
    ]
    if len(found) > 1:
        raise OraError(918, "column ambiguously defined")
    return found[0] if found else None


def _read(query: exp.Expr) -> list[tuple[exp.Expr, str]]:
    """The tables and subqueries that a statement or query reads, each with its join side."""
    read = [query.args.get("using")]
    if isinstance(query, exp.Update | exp.Delete | exp.Merge):
        read.append(query.this)
    origin = query.args.get("from_")
    read.append(origin.this if origin is not None else None)
    named = [one for one in read if isinstance(one, exp.Expr)]
    joins = [join for one in [query, *named] for join in one.args.get("joins") or ()]
    return [(one, "") for one in named] + [(join.this, join.side) for join in joins]


def _alias(source: exp.Expr) -> str:
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        return folded(alias.this)
    return folded(source.this) if isinstance(source, exp.Table) else ""


def _renamed(alias: exp.Expr | None, outputs: Outputs) -> Outputs:
    columns = alias.columns if isinstance(alias, exp.TableAlias) else []
    if not columns:
        return outputs
    if len(columns) != len(outputs):
        return []
    return [(folded(column), known) for column, (_, known) in zip(columns, outputs, strict=True)]
