"""Name the constraint that a change violated, and rebuild tables with changed constraints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from tracekit.localdb.duck.indexes import Table, indexes_of
from tracekit.localdb.duck.notes import TableNote
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Definition

_KINDS = {"PRIMARY KEY": "P", "UNIQUE": "U", "FOREIGN KEY": "R", "CHECK": "C", "NOT NULL": "N"}
_NOT_VALIDATED = {
    "P": (2437, "cannot validate ({name}) - primary key violated"),
    "U": (2299, "cannot validate ({name}) - duplicate keys found"),
    "R": (2298, "cannot validate ({name}) - parent keys not found"),
    "C": (2293, "cannot validate ({name}) - check constraint violated"),
}
_KEY_COLUMN = re.compile(r"(?:^|, )([^:,]+): ")
_KEPT = "TRACEKIT$KEPT"


@dataclass(frozen=True)
class NamedConstraint:
    """A constraint of DuckDB with its Oracle name."""

    kind: str
    columns: tuple[str, ...]
    name: str
    text: str
    """The constraint as written in CREATE TABLE."""
    referenced: tuple[str, ...]


def constraints_of(
    connection: duckdb.DuckDBPyConnection, table: Table, notes: Sequence[TableNote]
) -> list[NamedConstraint]:
    """A table's constraints, in the order of their declaration."""
    rows = connection.execute(
        "SELECT constraint_type, constraint_column_names, constraint_name, constraint_text,"
        " referenced_column_names FROM duckdb_constraints()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY constraint_index",
        [table.catalog, table.schema, table.name],
    ).fetchall()
    found: list[NamedConstraint] = []
    waiting = list(notes)
    for written, columns, name, text, referenced in rows:
        kind = _KINDS.get(written, "C")
        subject = "" if kind == "C" else ",".join(columns)
        note = next((n for n in waiting if (n.kind, n.subject) == (kind, subject)), None)
        if note is not None:
            waiting.remove(note)
        shown = note.name if note is not None else str(name).upper()
        found.append(NamedConstraint(kind, tuple(columns), shown, str(text), tuple(referenced)))
    return found


class Violations:
    """Finds which constraints a change of one table violated.

    Args:
        connect: Opens a connection, which this class closes.
        table: The changed table.
        notes_of: Returns the notes about a table, given its schema and name.
        dml: INSERT, UPDATE, DELETE or MERGE.
    """

    def __init__(
        self,
        connect: Callable[[], duckdb.DuckDBPyConnection],
        table: Table,
        notes_of: Callable[[str, str], list[TableNote]],
        dml: str,
    ) -> None:
        self._connect = connect
        self._table = table
        self._notes_of = notes_of
        self._dml = dml

    def explain(self, message: str) -> OraError | None:
        """Oracle's error for DuckDB's `message`; None if it is not about a constraint."""
        for pattern, explain in (
            (r'Duplicate key "(?P<key>.*)" violates', self._duplicate),
            (r'violation: duplicate key "(?P<key>.*)"', self._unknown_duplicate),
            (r'key "(?P<key>.*)" does not exist in the referenced', self._no_parent),
            (r'key "(?P<key>.*)" is still referenced', self._has_child),
            (r"CHECK constraint failed on table .* with expression (?P<key>.*)", self._check),
            (r"NOT NULL constraint failed: (?P<key>.*)", self._null),
        ):
            match = re.search(pattern, message, re.DOTALL)
            if match is not None:
                with self._connect() as connection:
                    return explain(connection, match["key"])
        return None

    def _held(self, connection: duckdb.DuckDBPyConnection, table: Table) -> list[NamedConstraint]:
        return constraints_of(connection, table, self._notes_of(table.schema, table.name))

    def _shown(self, names: Sequence[str], schema: str | None = None) -> str:
        owner = schema or self._table.schema
        return " or ".join(f"{owner}.{name}" for name in dict.fromkeys(names)) or owner

    def _duplicate(self, connection: duckdb.DuckDBPyConnection, key: str) -> OraError:
        columns = tuple(_KEY_COLUMN.findall(key))
        names = [
            one.name
            for one in self._held(connection, self._table)
            if one.kind in "PU" and _folded(one.columns) == _folded(columns)
        ]
        return self._not_unique(names or self._unique_indexes(connection, columns))

    def _unknown_duplicate(self, connection: duckdb.DuckDBPyConnection, key: str) -> OraError:
        """Two rows of one statement are equal; DuckDB reports the value, but not its columns."""
        held = [one for one in self._held(connection, self._table) if one.kind in "PU"]
        fitting = [one for one in held if len(one.columns) == key.count(", ") + 1] or held
        return self._not_unique(
            [one.name for one in fitting] or self._unique_indexes(connection, ())
        )

    def _not_unique(self, names: Sequence[str]) -> OraError:
        return OraError(1, f"unique constraint ({self._shown(names)}) violated")

    def _unique_indexes(
        self, connection: duckdb.DuckDBPyConnection, columns: Sequence[str]
    ) -> list[str]:
        """Those with these columns, or else all: DuckDB changes how expressions are written."""
        held = [one for one in indexes_of(connection, self._table) if one.is_unique]
        same = [one for one in held if _folded(one.parts) == _folded(columns)]
        return [one.name for one in same or held]

    def _no_parent(self, connection: duckdb.DuckDBPyConnection, key: str) -> OraError:
        columns = _folded(_KEY_COLUMN.findall(key))
        held = [one for one in self._held(connection, self._table) if one.kind == "R"]
        named = [one.name for one in held if _folded(one.referenced) == columns]
        shown = self._shown(named or [one.name for one in held])
        return OraError(2291, f"integrity constraint ({shown}) violated - parent key not found")

    def _has_child(self, connection: duckdb.DuckDBPyConnection, key: str) -> OraError:
        """DuckDB's message names the child's columns."""
        columns = _folded(_KEY_COLUMN.findall(key))
        children = connection.execute(
            "SELECT DISTINCT table_name FROM duckdb_constraints() WHERE database_name = ?"
            " AND schema_name = ? AND constraint_type = 'FOREIGN KEY' AND referenced_table = ?",
            [self._table.catalog, self._table.schema, self._table.name],
        ).fetchall()
        names = [
            one.name
            for (child,) in children
            for one in self._held(connection, Table(self._table.catalog, self._table.schema, child))
            if one.kind == "R" and _folded(one.columns) == columns
        ]
        shown = self._shown(names)
        return OraError(2292, f"integrity constraint ({shown}) violated - child record found")

    def _check(self, connection: duckdb.DuckDBPyConnection, expression: str) -> OraError:
        names = [
            one.name
            for one in self._held(connection, self._table)
            if one.kind == "C" and one.text.strip() == expression.strip()
        ]
        return OraError(2290, f"check constraint ({self._shown(names[:1])}) violated")

    def _null(self, _: duckdb.DuckDBPyConnection, key: str) -> OraError:
        column = key.split(".", 1)[-1].strip('"').upper()
        shown = f'("{self._table.schema}"."{self._table.name}"."{column}")'
        if self._dml == "UPDATE":
            return OraError(1407, f"cannot update {shown} to NULL")
        return OraError(1400, f"cannot insert NULL into {shown}")


def rebuild(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    notes: Sequence[TableNote],
    definition: Definition,
    new_types: Sequence[str] = (),
    then: Sequence[str] = (),
) -> None:
    """Rebuild a table with constraints added or removed, keeping everything else.

    Args:
        connection: Writes; no transaction is open.
        table: The table.
        notes: The notes about it.
        definition: The constraints that it adds or removes.
        new_types: The actions of ALTER TABLE that change the types of columns, without
            `ALTER TABLE ...`.
        then: Statements to run on the new table.

    Raises:
        OraError: ORA-02443 for an unknown constraint; ORA-02437 and similar errors if the rows
            violate a new one.
        duckdb.Error: DuckDB cannot rebuild it, for example because another table refers to it.
    """
    held = constraints_of(connection, table, notes)
    dropped = set(definition.dropped_constraints)
    if dropped - {one.name for one in held}:
        raise OraError(2443, "Cannot drop constraint  - nonexistent constraint")
    required = {one.columns[0] for one in held if one.kind == "N" and one.name not in dropped}
    stated = {note.subject for note in notes if note.kind == "N"}
    for one in held:  # DuckDB makes the columns of a primary key NOT NULL
        if one.kind == "P" and one.name in dropped:
            required -= set(one.columns) - stated
    clauses = [one.text for one in held if one.kind != "N" and one.name not in dropped]
    described = connection.execute(_COLUMNS, _place(table)).fetchall()
    afterwards = _belongings(connection, table)
    kept = Table(table.catalog, table.schema, _KEPT)
    connection.execute("BEGIN TRANSACTION")
    try:
        # Do not rename the new table instead: DuckDB would not update the tables that it refers to.
        connection.execute(f"CREATE TABLE {kept.path} AS FROM {table.path}")
        for action in new_types:
            connection.execute(f"ALTER TABLE {kept.path} {action}")
        types = dict(connection.execute(_TYPES, _place(kept)).fetchall())
        columns = [_column(name, types[name], default, required) for name, default in described]
        body = ", ".join([*columns, *clauses, *definition.added_clauses])
        connection.execute(f"DROP TABLE {table.path}")
        connection.execute(f"CREATE TABLE {table.path} ({body})")
        with _validating(definition, table):
            connection.execute(f"INSERT INTO {table.path} FROM {kept.path}")
        connection.execute(f"DROP TABLE {kept.path}")
        for statement in (*then, *afterwards):
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


_TYPES = (
    "SELECT column_name, data_type FROM duckdb_columns()"
    " WHERE database_name = ? AND schema_name = ? AND table_name = ?"
)
_COLUMNS = (
    "SELECT column_name, column_default FROM duckdb_columns()"
    " WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index"
)


def _place(table: Table) -> list[str]:
    return [table.catalog, table.schema, table.name]


def _column(name: str, kind: str, default: str | None, required: set[str]) -> str:
    stated = f" DEFAULT {default}" if default is not None else ""
    return f"{quoted(name)} {kind}{stated}{' NOT NULL' if name in required else ''}"


def _belongings(connection: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """The statements that give the new table the old one's indexes and comments."""
    comments = connection.execute(
        "SELECT NULL, comment FROM duckdb_tables() WHERE database_name = ? AND schema_name = ?"
        " AND table_name = ? UNION ALL SELECT column_name, comment FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        [*_place(table), *_place(table)],
    ).fetchall()
    statements = [index.create(table) for index in indexes_of(connection, table)]
    for column, comment in comments:
        if comment is not None:
            subject = f"COLUMN {table.path}.{quoted(column)}" if column else f"TABLE {table.path}"
            statements.append(f"COMMENT ON {subject} IS '{comment.replace(chr(39), chr(39) * 2)}'")
    return statements


@contextmanager
def _validating(definition: Definition, table: Table) -> Iterator[None]:
    """Report rows that violate a new constraint as an error of adding it."""
    try:
        yield
    except duckdb.ConstraintException as error:
        kinds = "C" if "CHECK constraint" in str(error) else "PU"
        added = next((one for one in definition.constraints if one.kind in kinds), None)
        if added is None:
            raise
        number, text = _NOT_VALIDATED[added.kind]
        name = f"{table.schema}.{added.name or 'SYS_C'}"
        raise OraError(number, text.format(name=name)) from error


def _folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.strip('"').upper() for name in names)
