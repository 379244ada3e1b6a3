"""Quoted names with small letters in a DuckDB file that was not made by Oracle DDL.

To Oracle, the names in such a file are in capitals: `orders` and `"ORDERS"` find a table `orders`.
The file's own spelling in quotes finds it too, unless a table made by Oracle DDL has that name.
"""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate.column_types import Columns, ColumnsOf
from tracekit.localdb.translate.names import folded


def use_file_names(tree: exp.Expr, columns_of: ColumnsOf) -> None:
    """Write the file's table names, and the columns that INSERT lists, in capitals, in place."""
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier):
            _use_own_name(table, columns_of)
    for insert in tree.find_all(exp.Insert):
        if isinstance(insert.this, exp.Schema) and isinstance(insert.this.this, exp.Table):
            columns = _columns(insert.this.this, columns_of)
            for listed in insert.this.find_all(exp.Identifier):
                if listed.find_ancestor(exp.Table) is None:
                    _use_column_name(listed, columns)


def _parts(table: exp.Table) -> list[exp.Identifier]:
    return [one for one in (table.args.get("db"), table.this) if isinstance(one, exp.Identifier)]


def _use_own_name(table: exp.Table, columns_of: ColumnsOf) -> None:
    parts = _parts(table)
    spelled = [shown_name(folded(part)) for part in parts]
    if spelled == [folded(part) for part in parts] or _columns(table, columns_of):
        return
    if not columns_of(spelled[0] if len(spelled) > 1 else None, spelled[-1]):
        return
    if not table.alias:
        table.set("alias", exp.TableAlias(this=table.this.copy()))
    for part, name in zip(parts, spelled, strict=True):
        part.set("this", name.upper())
        part.set("quoted", True)


def _columns(table: exp.Table, columns_of: ColumnsOf) -> Columns:
    owner = table.args.get("db")
    return columns_of(folded(owner) if owner is not None else None, folded(table.this))


def _use_column_name(listed: exp.Identifier, columns: Columns) -> None:
    name = folded(listed)
    spelled = shown_name(name)
    if name in columns or spelled == name:
        return
    for column, known in columns.items():
        if known.spelled == spelled:
            listed.set("this", column)
