"""Execute DDL in DuckDB, and record what DuckDB's catalogue does not keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from tracekit.localdb.duck.alteration import adds_columns, alter
from tracekit.localdb.duck.constraints import constraints_of, rebuild
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.foreign_keys import (
    check_added,
    refuse_change_of_parent,
    with_parent_keys,
)
from tracekit.localdb.duck.indexes import Index, Table, all_indexes, indexes_of
from tracekit.localdb.duck.notes import DESCENDING, IDENTITY, REFERENCE
from tracekit.localdb.duck.partial_keys import refuse_added, refuse_created
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.duck.sequence_changes import alter_sequence
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import PUBLIC, Definition


def define(
    writer: WritingConnection,
    database: Database,
    sql: str,
    definition: Definition,
    key: tuple[str, str],
) -> None:
    """Run a DDL statement; no transaction may be open.

    Args:
        writer: The session's writing connection.
        database: The database to change.
        sql: The statement; empty if the definition requires the table to be rebuilt.
        definition: The change that it defines.
        key: The object's schema and name.

    Raises:
        duckdb.Error: it failed; nothing was changed.
        OraError: it failed for a reason that has an Oracle error; nothing was changed.
    """
    schema, name = key
    notes = database.notes.of_table(schema, name)
    definition = _with_dropped_keys(writer, database, definition, key)
    refuse_change_of_parent(database.notes, definition, key)
    _check_names(database, definition, schema)
    if definition.action == "CREATE" and definition.object_type in _SHARING:
        _check_free(database, definition, key)
    definition = with_parent_keys(writer.connection, database.catalog, definition, schema)
    if definition.object_type == "SYNONYM":
        if not _changes_synonym(database, definition, key):
            return
    elif definition.sequence is not None and definition.action == "ALTER":
        alter_sequence(writer, database.catalog, key, definition.sequence)
    elif definition.object_type == "INDEX" and not sql:
        _alter_index(writer, database, definition, key)
    elif not sql:
        _check_named(database, definition, key)
        _change_constraints(writer, database, definition, key)
    elif definition.action == "COMMENT":
        _comment(writer, sql)
    elif definition.object_type == "TABLE" and definition.action in ("ALTER", "RENAME"):
        _alter(writer, database, sql, definition, key)
    else:
        if (definition.action, definition.object_type) == ("DROP", "TABLE"):
            sql = "; ".join(
                [sql, *(f"DROP SEQUENCE {note.name}" for note in notes if note.kind == IDENTITY)]
            )
        writer.run_alone(sql)
    if (definition.action, definition.object_type) == ("CREATE", "INDEX"):
        table = Table(database.catalog, schema, definition.index_table)
        _refuse_same_columns(writer, database, definition, table)
        refuse_created(writer, definition.name, table)
    database.declared.follow(definition, schema)
    database.notes.follow(definition, schema)
    database.columns.forget()
    database.partial_keys.forget()
    if definition.object_type == "SCHEMA" and database.overlay is not None:
        database.overlay.drop_schema(definition.name)


def _check_free(database: Database, definition: Definition, key: tuple[str, str]) -> None:
    """Check what DuckDB does not: that no object of another kind has the name of a new one.

    Raises:
        OraError: ORA-00955 if one has.
    """
    others = _SHARING[definition.object_type]
    if key in dict(database.notes.synonyms) or database.object_type(*key) in others:
        raise OraError(955, "name is already used by an existing object")


_SHARING = {"TABLE": ("SEQUENCE",), "VIEW": ("SEQUENCE",), "SEQUENCE": ("TABLE", "VIEW")}
"""The kinds of objects that share their names, and the others that DuckDB tells apart."""


def _changes_synonym(database: Database, definition: Definition, key: tuple[str, str]) -> bool:
    """Whether CREATE or DROP SYNONYM changes anything.

    Raises:
        OraError: ORA-00955 if the name of a new synonym is taken; ORA-01432 or ORA-01434 if there
            is none to drop.
    """
    exists = key in dict(database.notes.synonyms)
    if definition.action == "DROP":
        if not exists and not definition.lenient:
            kind, number = ("public", 1432) if key[0] == PUBLIC else ("private", 1434)
            raise OraError(number, f"{kind} synonym to be dropped does not exist")
        return exists
    if exists and definition.lenient:
        return False
    if (exists and not definition.replaces) or database.object_type(*key) is not None:
        raise OraError(955, "name is already used by an existing object")
    return True


def _refuse_same_columns(
    writer: WritingConnection, database: Database, definition: Definition, table: Table
) -> None:
    """Drop an index that has the columns of another one or of a key.

    Raises:
        OraError: ORA-01408 if it has.
    """
    notes = database.notes.of_table(table.schema, table.name)
    descending = {one.name: set(one.columns) for one in notes if one.kind == DESCENDING}
    held = {one.name: _shape(one.parts) for one in indexes_of(writer.connection, table)}
    new = held.pop(definition.name, None)
    same = [
        name
        for name, parts in held.items()
        if parts == new and descending.get(name, set()) == set(definition.descending)
    ]
    keys = [
        one.columns
        for one in constraints_of(writer.connection, table, notes)
        if one.kind in "PU" and not definition.descending
    ]
    if new is not None and (same or any(_shape(columns) == new for columns in keys)):
        writer.run_alone(Index(definition.name, False, ()).drop(table))
        raise OraError(1408, "such column list already indexed")


def _shape(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.strip('"').upper() for part in parts)


def _check_named(database: Database, definition: Definition, key: tuple[str, str]) -> None:
    """Check that the table has the constraint that is renamed or enabled.

    Raises:
        OraError: ORA-23292 or ORA-02430 if it has none; ORA-02264 if the new name is taken.
    """
    held = {note.name for note in database.notes.of_table(*key) if note.kind in "PURCN"}
    old, new = definition.renamed_constraint or ("", "")
    if old and old not in held:
        raise OraError(23292, "The constraint does not exist")
    if new and new in database.notes.constraint_names(key[0]):
        raise OraError(2264, "name already used by an existing constraint")
    enabled = definition.enabled_constraint
    if enabled and enabled not in held:
        raise OraError(2430, f"cannot enable constraint ({enabled}) - no such constraint")


def _check_names(database: Database, definition: Definition, schema: str) -> None:
    """Check that no constraint has the name of a new one.

    Raises:
        OraError: ORA-02264 if one has.
    """
    new = [one.name for one in definition.constraints if one.name]
    known = database.notes.constraint_names(schema)
    if len(set(new)) < len(new) or known.intersection(new):
        raise OraError(2264, "name already used by an existing constraint")


def _with_dropped_keys(
    writer: WritingConnection, database: Database, definition: Definition, key: tuple[str, str]
) -> Definition:
    """Name the keys that DROP PRIMARY KEY and DROP UNIQUE (...) drop.

    Raises:
        OraError: ORA-02441 or ORA-02442 if the table has no such key.
    """
    if not definition.dropped_key:
        return definition
    table = Table(database.catalog, *key)
    held = constraints_of(writer.connection, table, database.notes.of_table(*key))
    kind, columns = definition.dropped_key[0], definition.dropped_key[1:]
    names = tuple(
        one.name for one in held if one.kind == kind and (kind == "P" or one.columns == columns)
    )
    if not names and kind == "P":
        raise OraError(2441, "Cannot drop nonexistent primary key")
    if not names:
        raise OraError(2442, "Cannot drop nonexistent unique key")
    return replace(definition, dropped_constraints=names[:1])


def _change_constraints(
    writer: WritingConnection, database: Database, definition: Definition, key: tuple[str, str]
) -> None:
    """Add or drop constraints; foreign keys do not exist in DuckDB."""
    notes = database.notes.of_table(*key)
    _check_keys(writer, database, definition, key)
    check_added(writer.connection, database.catalog, definition, key, database.free_columns)
    refuse_added(writer.connection, definition, Table(database.catalog, *key))
    references = {note.name for note in notes if note.kind == REFERENCE}
    dropped = tuple(one for one in definition.dropped_constraints if one not in references)
    if dropped or definition.added_clauses:
        rest = replace(definition, dropped_constraints=dropped)
        rebuild(writer.connection, Table(database.catalog, *key), notes, rest)


def _check_keys(
    writer: WritingConnection, database: Database, definition: Definition, key: tuple[str, str]
) -> None:
    """Check that the table does not have a new key already.

    Raises:
        OraError: ORA-02260 for a second primary key, ORA-02261 for a key of the same columns.
    """
    table = Table(database.catalog, *key)
    held = constraints_of(writer.connection, table, database.notes.of_table(*key))
    keys = [one for one in held if one.kind in "PU"]
    for added in definition.constraints:
        if added.kind == "P" and any(one.kind == "P" for one in keys):
            raise OraError(2260, "table can have only one primary key")
        if added.kind in "PU" and any(one.columns == added.columns for one in keys):
            raise OraError(2261, "such unique or primary key already exists in the table")


def _alter_index(
    writer: WritingConnection, database: Database, definition: Definition, key: tuple[str, str]
) -> None:
    """Rename an index; what else ALTER INDEX changes is not kept.

    Raises:
        OraError: ORA-01418 if there is no such index; ORA-00955 if the new name is taken.
    """
    schema, name = key
    held = all_indexes(writer.connection, database.catalog, schema)
    if name not in held:
        if name in database.notes.constraint_names(schema):
            return
        raise OraError(1418, "specified index does not exist")
    if definition.new_name:
        if definition.new_name in held:
            raise OraError(955, "name is already used by an existing object")
        table, index = held[name]
        renamed = replace(index, name=definition.new_name)
        writer.run_alone(f"{index.drop(table)}; {renamed.create(table)}")


def _alter(
    writer: WritingConnection,
    database: Database,
    sql: str,
    definition: Definition,
    key: tuple[str, str],
) -> None:
    """Alter or rename a table.

    Raises:
        OraError: ORA-01758 or ORA-02296 if a column that must not be NULL is.
    """
    try:
        alter(writer, sql, definition, Table(database.catalog, *key), database.notes.of_table(*key))
    except duckdb.ConstraintException as error:
        if "NOT NULL constraint failed" not in str(error):
            raise
        if adds_columns(sql):
            message = "table must be empty to add mandatory (NOT NULL) column"
            raise OraError(1758, message) from error
        raise OraError(2296, "cannot enable - null values found") from error
    if any(one.kind in "PURC" for one in definition.constraints):
        try:
            _change_constraints(writer, database, definition, key)
        except (OraError, duckdb.Error):
            path = Table(database.catalog, *key).path
            for column in definition.columns:
                writer.run_alone(f"ALTER TABLE {path} DROP COLUMN {quoted(column.name)}")
            raise


def _comment(writer: WritingConnection, sql: str) -> None:
    """Oracle's COMMENT ON TABLE also applies to views."""
    try:
        writer.run_alone(sql)
    except duckdb.CatalogException:
        if not sql.startswith("COMMENT ON TABLE"):
            raise
        writer.run_alone(sql.replace("COMMENT ON TABLE", "COMMENT ON VIEW", 1))
