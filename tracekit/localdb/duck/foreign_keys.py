"""Foreign keys, checked against the rows that exist when a statement ends.

DuckDB checks foreign keys row by row against indexes that still contain rows deleted in the same
transaction. So none is declared in DuckDB; the notes about a table record what its DDL states.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from tracekit.localdb.duck.indexes import Table
from tracekit.localdb.duck.notes import TableNote, TableNotes
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import ConstraintDeclaration, Definition

TableKey = tuple[str, str]
"""The schema and name of a table."""
Free = Callable[[TableKey], Collection[str]]
"""Returns the columns of a table that store NUMBERs as bytes."""
_FIRST_NEW_ROW = 36_028_797_018_960_000
"""DuckDB numbers the rows that an open transaction inserts from here on (its MAX_ROW_ID)."""


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key."""

    name: str
    child: TableKey
    columns: tuple[str, ...]
    parent: TableKey
    parent_columns: tuple[str, ...]
    free: Free = field(compare=False)

    def orphan(self, catalog: str, *, new_only: bool = False) -> str:
        """A query that finds a child without a parent.

        Args:
            catalog: The tables' catalogue.
            new_only: Whether to look only at rows that the open transaction inserted.
        """
        own = f"c.rowid >= {_FIRST_NEW_ROW} AND " if new_only else ""
        child = Table(catalog, *self.child).path
        return f"SELECT 1 FROM {child} c WHERE {own}{self._is_orphan(catalog)} LIMIT 1"  # noqa: S608

    def follow_parents(self, catalog: str, action: str) -> str:
        """A statement that deletes the orphans (CASCADE) or makes their keys NULL (SET NULL)."""
        child, condition = Table(catalog, *self.child).path, self._is_orphan(catalog)
        if action == "CASCADE":
            return f"DELETE FROM {child} AS c WHERE {condition}"  # noqa: S608
        nulls = ", ".join(f"{quoted(one)} = NULL" for one in self.columns)
        return f"UPDATE {child} AS c SET {nulls} WHERE {condition}"  # noqa: S608

    def _is_orphan(self, catalog: str) -> str:
        """The condition that the child `c` has a key without a parent."""
        held = " AND ".join(f"c.{quoted(one)} IS NOT NULL" for one in self.columns)
        pairs = zip(self.columns, self.parent_columns, strict=True)
        same = " AND ".join(self._equal(own, key) for own, key in pairs)
        parent = Table(catalog, *self.parent).path
        return f"{held} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {same})"  # noqa: S608

    def _equal(self, own: str, key: str) -> str:
        """The comparison of a column with the parent's; NUMBERs may be stored in two forms."""
        child, parent = f"c.{quoted(own)}", f"p.{quoted(key)}"
        is_free = own in self.free(self.child), key in self.free(self.parent)
        if is_free == (True, False):
            parent = f"ora_number({parent})"
        elif is_free == (False, True):
            child = f"ora_number({child})"
        return f"{parent} = {child}"

    @property
    def shown(self) -> str:
        """The constraint's name in error messages."""
        return f"{self.child[0]}.{self.name}"


@dataclass(frozen=True)
class Check:
    """A query that must return no rows after a statement, and the error if it does."""

    sql: str
    error: str


@dataclass(frozen=True)
class DeleteAction:
    """A statement that follows a DELETE: ON DELETE CASCADE or ON DELETE SET NULL."""

    child: TableKey
    dml: str
    """DELETE or UPDATE."""
    sql: str


@dataclass(frozen=True)
class Consequences:
    """What follows a statement that changed rows."""

    actions: Sequence[DeleteAction] = ()
    """Run in this order, until none changes a row."""
    checks: Sequence[Check] = ()


NOTHING = Consequences()


def foreign_keys(notes: Iterable[TableNote], free: Free) -> list[ForeignKey]:
    """The foreign keys in a list of notes."""
    found: list[ForeignKey] = []
    for note in notes:
        referenced = note.referenced
        if referenced is not None:
            parent, columns = referenced
            child = (note.schema, note.table)
            found.append(ForeignKey(note.name, child, note.columns, parent, columns, free))
    return found


def checks(notes: TableNotes, catalog: str, table: TableKey, dml: str, free: Free) -> list[Check]:
    """The checks to run after a statement that changed a table.

    Args:
        notes: The notes about all tables.
        catalog: The tables' catalogue.
        table: The changed table.
        dml: INSERT, UPDATE, DELETE or MERGE.
        free: Returns the columns of a table that store NUMBERs as bytes.
    """
    found: list[Check] = []
    for key in foreign_keys(notes.references, free):
        if key.child == table and dml != "DELETE":
            text = f"ORA-02291: integrity constraint ({key.shown}) violated - parent key not found"
            found.append(Check(key.orphan(catalog, new_only=dml == "INSERT"), text))
        if key.parent == table and dml != "INSERT":
            text = f"ORA-02292: integrity constraint ({key.shown}) violated - child record found"
            found.append(Check(key.orphan(catalog), text))
    return found


def delete_actions(
    notes: TableNotes, catalog: str, table: TableKey, free: Free
) -> list[DeleteAction]:
    """What a DELETE from a table does to the tables whose foreign keys refer to it, in order.

    Args:
        notes: The notes about all tables.
        catalog: The tables' catalogue.
        table: The table from which rows are deleted.
        free: Returns the columns of a table that store NUMBERs as bytes.
    """
    stated = notes.delete_actions
    known = foreign_keys(notes.references, free)
    keys = [key for key in known if (key.child[0], key.name) in stated]
    found: dict[tuple[TableKey, str], DeleteAction] = {}
    pending = [table]
    while pending:
        parent = pending.pop(0)
        for key in keys:
            if key.parent == parent and (key.child, key.name) not in found:
                action = stated[key.child[0], key.name]
                sql = key.follow_parents(catalog, action)
                found[key.child, key.name] = DeleteAction(key.child, sql.partition(" ")[0], sql)
                if action == "CASCADE":
                    pending.append(key.child)
    return list(found.values())


def with_parent_keys(
    connection: duckdb.DuckDBPyConnection, catalog: str, definition: Definition, schema: str
) -> Definition:
    """Add to a definition the columns that its foreign keys refer to.

    Raises:
        OraError: ORA-00942 for an unknown parent; ORA-02268 or ORA-02270 if it has no such key;
            ORA-14455 if the table is temporary.
    """
    if not any(one.kind == "R" for one in definition.constraints):
        return definition
    if definition.temporary:
        raise OraError(
            14455, "attempt to create referential integrity constraint on temporary table"
        )
    own = (definition.schema or schema, definition.name)
    resolved = [
        _resolved(connection, catalog, one, definition.constraints, own) if one.kind == "R" else one
        for one in definition.constraints
    ]
    return replace(definition, constraints=tuple(resolved))


def _resolved(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    constraint: ConstraintDeclaration,
    siblings: Sequence[ConstraintDeclaration],
    own: TableKey,
) -> ConstraintDeclaration:
    assert constraint.references is not None, "a foreign key refers to a table"
    parent = (constraint.references[0] or own[0], constraint.references[1])
    held = connection.execute(
        "SELECT constraint_type, constraint_column_names FROM duckdb_constraints()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ?"
        " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
        [catalog, *parent],
    ).fetchall()
    keys = [(kind[:1], tuple(columns)) for kind, columns in held]
    if parent == own:
        keys += [(one.kind, one.columns) for one in siblings if one.kind in "PU"]
    elif not held and not _exists(connection, catalog, parent):
        raise OraError(942, "table or view does not exist")
    columns = constraint.referenced_columns or next((c for kind, c in keys if kind == "P"), ())
    if not columns:
        raise OraError(2268, "referenced table does not have a primary key")
    if not any(set(columns) == set(key) for _, key in keys):
        raise OraError(2270, "no matching unique or primary key for this column-list")
    if len(columns) != len(constraint.columns):
        raise OraError(2256, "number of referencing columns must match referenced columns")
    return replace(constraint, references=parent, referenced_columns=columns)


def _exists(connection: duckdb.DuckDBPyConnection, catalog: str, table: TableKey) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        [catalog, *table],
    ).fetchone()
    return found is not None


def check_added(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    definition: Definition,
    table: TableKey,
    free: Free,
) -> None:
    """Check the existing rows against foreign keys that are added to their table.

    Raises:
        OraError: ORA-02298 if a row violates one.
    """
    for one in definition.constraints:
        if one.kind == "R" and one.references is not None:
            parent = (one.references[0] or table[0], one.references[1])
            name = one.name or "SYS_C"
            key = ForeignKey(name, table, one.columns, parent, one.referenced_columns, free)
            if connection.execute(key.orphan(catalog)).fetchone() is not None:
                text = f"cannot validate ({key.shown}) - parent keys not found"
                raise OraError(2298, text)


def refuse_change_of_parent(notes: TableNotes, definition: Definition, table: TableKey) -> None:
    """Refuse to drop or empty a table, or drop a key, that other tables' foreign keys refer to.

    Raises:
        OraError: ORA-02449, ORA-02266 or ORA-02273 if there is such a foreign key.
    """
    known = [key for key in foreign_keys(notes.references, _none_free) if key.parent == table]
    if not known or definition.object_type != "TABLE":
        return
    dependents = [key for key in known if key.child != table]
    if dependents:
        _refuse_change_of_rows(definition)
    dropped = set(definition.dropped_constraints)
    keys = [note for note in notes.of_table(*table) if note.kind in "PU" and note.name in dropped]
    is_used = any(set(note.columns) == set(key.parent_columns) for note in keys for key in known)
    if is_used and not definition.cascade:
        raise OraError(2273, "this unique/primary key is referenced by some foreign keys")


def _refuse_change_of_rows(definition: Definition) -> None:
    if definition.action == "DROP" and not definition.cascade:
        raise OraError(2449, "unique/primary keys in table referenced by foreign keys")
    if definition.action == "TRUNCATE":
        text = "unique/primary keys in table referenced by enabled foreign keys"
        raise OraError(2266, text)


def _none_free(_table: TableKey) -> Collection[str]:
    return ()
