"""Alter tables in ways that DuckDB refuses: those with indexes, and the types of key columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from tracekit.localdb.duck.constraints import rebuild
from tracekit.localdb.duck.indexes import Table, indexes_of
from tracekit.localdb.duck.notes import TableNote
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.translate import Definition

_TARGET = re.compile(r'ALTER TABLE (?:"(?:[^"]|"")*"\.?)+ ')
_NEW_TYPE = re.compile(r'ALTER "(?:[^"]|"")*" SET DATA TYPE ')
_ONLY_APART = ("an index depends on", "Cannot create index with outstanding updates")
"""What DuckDB refuses in the transaction that dropped the index or computed the values."""
_KEY_COLUMN = "has a UNIQUE or PRIMARY KEY constraint"


@dataclass(frozen=True)
class _Step:
    statements: Sequence[str]
    undo: Sequence[str] = ()


def adds_columns(statement: str) -> bool:
    """Whether it is DuckDB's ALTER TABLE ... ADD COLUMN."""
    return _action(statement).startswith("ADD COLUMN ")


def alter(
    writer: WritingConnection,
    sql: str,
    definition: Definition,
    table: Table,
    notes: Sequence[TableNote],
) -> None:
    """Run the statements of ALTER TABLE or RENAME, of which all take effect or none.

    Raises:
        duckdb.Error: one failed.
    """
    statements = [one.query for one in duckdb.extract_statements(sql)]
    steps = _steps(writer.connection, statements, definition, table)
    try:
        writer.run_alone("; ".join(one for step in steps for one in step.statements))
    except duckdb.Error as error:
        if _KEY_COLUMN in str(error):
            _change_key_types(writer, statements, definition, table, notes)
        elif any(reason in str(error) for reason in _ONLY_APART):
            _run_apart(writer, steps)
        else:
            raise


def _change_key_types(
    writer: WritingConnection,
    statements: Sequence[str],
    definition: Definition,
    table: Table,
    notes: Sequence[TableNote],
) -> None:
    new_types = [one for one in map(_action, statements) if _NEW_TYPE.match(one)]
    rest = [one for one in statements if _action(one) not in new_types]
    rebuild(writer.connection, table, notes, definition, new_types, rest)


def _action(statement: str) -> str:
    return _TARGET.sub("", statement, count=1)


def _steps(
    connection: duckdb.DuckDBPyConnection,
    statements: Sequence[str],
    definition: Definition,
    table: Table,
) -> list[_Step]:
    """What to run without the table's indexes."""
    held = indexes_of(connection, table)
    left = [one for one in (index.after(definition) for index in held) if one is not None]
    renamed = replace(table, name=definition.new_name or table.name)
    added = [one for one in statements if adds_columns(one)]
    names = [quoted(column.name) for column in definition.columns] if added else []
    steps = [
        _Step([one.drop(table) for one in held], [one.create(table) for one in held]),
        _Step(added, [f"ALTER TABLE {table.path} DROP COLUMN {name}" for name in names]),
        _Step([one for one in statements if one not in added]),
        _Step([one.create(renamed) for one in left]),
    ]
    return [step for step in steps if step.statements]


def _run_apart(writer: WritingConnection, steps: Sequence[_Step]) -> None:
    """Run each step in a transaction of its own; undo those before one that fails."""
    done: list[_Step] = []
    for step in steps:
        try:
            writer.run_alone("; ".join(step.statements))
        except duckdb.Error:
            for before in reversed(done):
                if before.undo:
                    writer.run_alone("; ".join(before.undo))
            raise
        done.append(step)
