"""What Oracle DDL states about tables and DuckDB's catalogue does not keep.

Names of constraints, identity columns and temporary tables. They are in a table of the database, so
that the data dictionary can join it and a writable file keeps it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import duckdb

from tracekit.localdb.duck.statement import Synonyms
from tracekit.localdb.translate import Definition

TABLE = "TRACEKIT_TABLE_NOTES"
"""In the main schema of the tables' catalogue."""
TEMPORARY = "T"
IDENTITY = "I"
DRAWN = "D"
REFERENCE = "R"
DEFAULT = "V"
"""The default of a column, as the client wrote it."""
DESCENDING = "X"
"""An index and the columns that it sorts descending."""
ON_NULL = "O"
"""A column with DEFAULT ON NULL."""
BITMAP = "B"
"""An index that is a bitmap."""
QUERY = "Q"
"""The query of a view."""
CACHE = "Z"
"""A sequence, and whether it is cached and ordered."""
ON_DELETE = "A"
"""What a foreign key does with the children of a deleted parent."""
SYNONYM = "S"
"""A synonym, in place of a table."""

_COLUMNS = "schema_name, table_name, kind, subject, name, detail"
_SUBJECT_JOINED = ","


@dataclass(frozen=True)
class TableNote:
    """A fact about a table."""

    schema: str
    table: str
    kind: str
    """P, U, R, C, N (a constraint: key, unique, reference, check, NOT NULL), T, I or D
    (a column whose default comes from a sequence), V, X, A, O, S, B, Q or Z."""
    subject: str
    """The columns, separated by commas; empty for CHECKs, whose notes are in their order."""
    name: str = ""
    """The constraint's name, or the name of the sequence of a column's default. S: the name of what
    it stands for."""
    detail: str = ""
    """I: ALWAYS or BY DEFAULT. T: DELETE or PRESERVE. R: schema, name and columns of the parent,
    separated by commas. C, V and Q: the text. X: the columns. A: CASCADE or SET NULL. S: the schema
    of what it stands for. Z: the number of cached values, and Y or N for ORDER, separated by a
    comma."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the note is about."""
        return tuple(self.subject.split(_SUBJECT_JOINED))

    @property
    def referenced(self) -> tuple[tuple[str, str], tuple[str, ...]] | None:
        """The table and columns that a foreign key refers to."""
        if self.kind != REFERENCE or not self.detail:
            return None
        schema, table, *columns = self.detail.split(_SUBJECT_JOINED)
        return (schema, table), tuple(columns)


class TableNotes:
    """The notes of a catalogue.

    Args:
        root: Used to open a connection for this object.
        catalog: The catalogue for the table of notes; the table is created if needed.
        inherited: Catalogues from which to copy notes.
    """

    def __init__(
        self, root: duckdb.DuckDBPyConnection, catalog: str, inherited: Iterable[str] = ()
    ) -> None:
        self._connection = root.cursor()
        self._table = f"{catalog}.main.{TABLE}"
        self._lock = threading.Lock()
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (schema_name VARCHAR, table_name VARCHAR,"
            " kind VARCHAR, subject VARCHAR, name VARCHAR, detail VARCHAR)"
        )
        for holder in inherited:
            if self._is_kept_in(holder):
                self._connection.execute(f"INSERT INTO {self._table} FROM {holder}.main.{TABLE}")
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM {self._table}").fetchall()  # noqa: S608
        self._notes: list[TableNote] = [TableNote(*row) for row in rows]
        self._named = len(self._notes)
        self._temporary = self._list_temporary()
        self._synonyms = self._list_synonyms()

    @property
    def synonyms(self) -> Synonyms:
        """All synonyms, and what they stand for."""
        return self._synonyms

    @property
    def temporary(self) -> Mapping[tuple[str, str], str]:
        """The temporary tables by schema and name, and what COMMIT does with their rows."""
        return self._temporary

    @property
    def references(self) -> list[TableNote]:
        """The notes about the foreign keys of all tables."""
        with self._lock:
            return [note for note in self._notes if note.kind == REFERENCE]

    @property
    def delete_actions(self) -> Mapping[tuple[str, str], str]:
        """What foreign keys do with the children of a deleted parent, by schema and name."""
        with self._lock:
            return {
                (note.schema, note.name): note.detail
                for note in self._notes
                if note.kind == ON_DELETE
            }

    def of_table(self, schema: str, table: str) -> list[TableNote]:
        """All notes about a table."""
        with self._lock:
            return [note for note in self._notes if (note.schema, note.table) == (schema, table)]

    def constraint_names(self, schema: str) -> set[str]:
        """The names of a schema's constraints."""
        with self._lock:
            return {
                note.name for note in self._notes if note.schema == schema and note.kind in "PURCN"
            }

    def follow(self, definition: Definition, current_schema: str) -> None:
        """Record what an executed DDL statement states."""
        schema = definition.schema or current_schema
        if definition.object_type == "SCHEMA" and definition.action == "DROP":
            self._change(lambda note: None if note.schema == definition.name else note)
            self._temporary = self._list_temporary()
            self._synonyms = self._list_synonyms()
        if definition.object_type == "SYNONYM":
            self._follow_synonym(schema, definition)
        if definition.object_type == "INDEX":
            self._follow_index(schema, definition)
        if definition.object_type == "VIEW":
            query = definition.query_text
            self._replace(TableNote(schema, definition.name, QUERY, "", "", query))
        if definition.object_type == "SEQUENCE":
            self._follow_sequence(schema, definition)
        if definition.object_type != "TABLE":
            return
        key = (schema, definition.name)
        if definition.action in ("CREATE", "DROP"):
            self._change(lambda note: None if (note.schema, note.table) == key else note)
            self._change(
                lambda note: None if note.referenced and note.referenced[0] == key else note
            )
        if definition.action == "RENAME" and definition.new_name:
            self._change(
                lambda note: (
                    replace(note, table=definition.new_name)
                    if (note.schema, note.table) == key
                    else note
                )
            )
        if definition.cascade:
            dropped = definition.dropped_constraints
            keys = [one.columns for one in self.of_table(*key) if one.name in dropped]
            self._change(lambda note: None if _refers_to(note, key, keys) else note)
        self._change(lambda note: _altered(note, key, definition))
        self._change(lambda note: _with_parent_renamed(note, key, definition))
        changed = {column for column, _ in definition.default_texts}
        self._change(lambda note: None if _is_default_of(note, key, changed) else note)
        self._add(_notes_of(schema, definition, self._next_name))
        self._temporary = self._list_temporary()

    def _follow_synonym(self, schema: str, definition: Definition) -> None:
        key = (schema, definition.name, SYNONYM)
        self._change(lambda note: None if (note.schema, note.table, note.kind) == key else note)
        if definition.synonym_of is not None:
            owner, name = definition.synonym_of
            self._add([TableNote(schema, definition.name, SYNONYM, "", name, owner)])
        self._synonyms = self._list_synonyms()

    def _follow_index(self, schema: str, definition: Definition) -> None:
        key = (schema, definition.name)
        new = definition.new_name
        if definition.action == "ALTER":
            return
        self._change(
            lambda note: (
                note
                if note.kind not in (DESCENDING, BITMAP) or (note.schema, note.name) != key
                else (replace(note, name=new) if new else None)
            )
        )
        if definition.is_bitmap:
            self._add([TableNote(schema, definition.index_table, BITMAP, "", definition.name)])
        if definition.descending:
            columns = _SUBJECT_JOINED.join(definition.descending)
            table = definition.index_table
            self._add([TableNote(schema, table, DESCENDING, columns, definition.name, columns)])

    def _follow_sequence(self, schema: str, definition: Definition) -> None:
        stated = definition.sequence
        held = [one for one in self.of_table(schema, definition.name) if one.kind == CACHE]
        cached, ordered = held[0].detail.split(",") if held else ("20", "N")
        if stated is not None:
            cached = cached if stated.cached is None else str(stated.cached)
            ordered = ordered if stated.ordered is None else ("Y" if stated.ordered else "N")
        detail = f"{cached},{ordered}" if definition.action != "DROP" else ""
        self._replace(TableNote(schema, definition.name, CACHE, "", "", detail))

    def _replace(self, new: TableNote) -> None:
        """Put a note in the place of that of its kind; without a detail, only remove that."""
        key = (new.schema, new.table, new.kind)
        self._change(lambda note: None if (note.schema, note.table, note.kind) == key else note)
        if new.detail:
            self._add([new])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _list_synonyms(self) -> Synonyms:
        with self._lock:
            return tuple(
                ((note.schema, note.table), (note.detail, note.name))
                for note in self._notes
                if note.kind == SYNONYM
            )

    def _list_temporary(self) -> Mapping[tuple[str, str], str]:
        with self._lock:
            return {
                (note.schema, note.table): note.detail
                for note in self._notes
                if note.kind == TEMPORARY
            }

    def _is_kept_in(self, catalog: str) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM duckdb_tables()"
            " WHERE database_name = ? AND schema_name = 'main' AND table_name = ?",
            [catalog, TABLE],
        ).fetchone()
        return found is not None

    def _next_name(self) -> str:
        self._named += 1
        return f"SYS_C{self._named:06d}"

    def _change(self, become: Callable[[TableNote], TableNote | None]) -> None:
        with self._lock:
            for note in list(self._notes):
                new = become(note)
                if new == note:
                    continue
                self._notes.remove(note)
                self._connection.execute(
                    f"DELETE FROM {self._table} WHERE schema_name = ? AND table_name = ?"  # noqa: S608
                    " AND kind = ? AND subject = ? AND name = ?",
                    [note.schema, note.table, note.kind, note.subject, note.name],
                )
                if new is not None:
                    self._insert(new)

    def _add(self, notes: Iterable[TableNote]) -> None:
        with self._lock:
            for note in notes:
                self._insert(note)

    def _insert(self, note: TableNote) -> None:
        self._notes.append(note)
        self._connection.execute(
            f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            [note.schema, note.table, note.kind, note.subject, note.name, note.detail],
        )


def _refers_to(note: TableNote, table: tuple[str, str], keys: list[tuple[str, ...]]) -> bool:
    """Whether a note is about a foreign key that refers to one of a table's keys."""
    referenced = note.referenced
    return (
        referenced is not None
        and referenced[0] == table
        and any(set(referenced[1]) == set(columns) for columns in keys)
    )


def _altered(note: TableNote, key: tuple[str, str], definition: Definition) -> TableNote | None:
    """The note after columns or constraints were dropped or renamed; None if it is obsolete."""
    if (note.schema, note.table) != key:
        return note
    if note.name and note.name in definition.dropped_constraints:
        return None
    if definition.renamed_constraint and note.name == definition.renamed_constraint[0]:
        return replace(note, name=definition.renamed_constraint[1])
    columns = note.subject.split(_SUBJECT_JOINED)
    if set(columns) & set(definition.dropped_columns):
        return None
    if definition.renamed_column and note.kind == "C":
        return replace(note, detail="")  # DuckDB knows the new name
    if definition.renamed_column and definition.renamed_column[0] in columns:
        old, new = definition.renamed_column
        subject = _SUBJECT_JOINED.join(new if one == old else one for one in columns)
        return replace(
            note, subject=subject, detail=subject if note.kind == DESCENDING else note.detail
        )
    return note


def _is_default_of(note: TableNote, key: tuple[str, str], columns: set[str]) -> bool:
    return (
        (note.schema, note.table) == key
        and note.kind in (DEFAULT, ON_NULL)
        and note.subject in columns
    )


def _with_parent_renamed(
    note: TableNote, key: tuple[str, str], definition: Definition
) -> TableNote:
    """A foreign key's note after its parent table or one of the parent's columns was renamed."""
    if note.referenced is None or note.referenced[0] != key:
        return note
    (schema, table), columns = note.referenced
    table = definition.new_name or table
    if definition.renamed_column:
        old, new = definition.renamed_column
        columns = tuple(new if one == old else one for one in columns)
    return replace(note, detail=_SUBJECT_JOINED.join([schema, table, *columns]))


def _notes_of(schema: str, definition: Definition, next_name: Callable[[], str]) -> list[TableNote]:
    table = definition.name
    notes: list[TableNote] = []
    for one in definition.constraints:
        subject = _SUBJECT_JOINED.join(one.columns)
        parent = (*one.references, *one.referenced_columns) if one.references else ()
        detail = one.condition or _SUBJECT_JOINED.join(part or schema for part in parent)
        name = one.name or next_name()
        notes.append(TableNote(schema, table, one.kind, subject, name, detail))
        if one.on_delete:
            notes.append(TableNote(schema, table, ON_DELETE, subject, name, one.on_delete))
    notes += [
        TableNote(schema, table, ON_NULL, one.name)
        for one in definition.columns
        if one.default_on_null
    ]
    drawn_names = {drawn.column for drawn in definition.drawn_columns}
    for column, written in definition.default_texts:
        if written and column not in drawn_names:
            notes.append(TableNote(schema, table, DEFAULT, column, "", written))
    for drawn in definition.drawn_columns:
        kind = IDENTITY if drawn.generation else DRAWN
        notes.append(TableNote(schema, table, kind, drawn.column, drawn.sequence, drawn.generation))
    if definition.temporary and definition.action == "CREATE":
        notes.append(TableNote(schema, table, TEMPORARY, "", "", definition.on_commit))
    return notes
