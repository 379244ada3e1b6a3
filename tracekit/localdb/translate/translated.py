"""The result of a translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.translate.binds import Parameter
from tracekit.localdb.translate.column_types import ColumnType, ValueType
from tracekit.localdb.translate.handlers import Handler, Step
from tracekit.localdb.translate.locked_rows import LockedRows
from tracekit.localdb.translate.types import DeclaredType


class Control(Enum):
    """Statements that act on the session rather than on data."""

    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to"
    SET_SCHEMA = "set schema"
    SET_PARAMETER = "set parameter"
    """ALTER SESSION SET of any other parameter."""
    SET_TRANSACTION = "set transaction"
    LOCK_TABLE = "lock table"
    ACCEPTED = "accepted"
    """DDL about what the local Oracle does not have, such as GRANT: it only commits."""


@dataclass(frozen=True)
class ColumnDeclaration:
    """One column of a CREATE TABLE or ALTER TABLE."""

    name: str
    type: DeclaredType
    nullable: bool = True
    default_on_null: bool = False
    """Whether INSERT of NULL stores its default."""


@dataclass(frozen=True)
class ConstraintDeclaration:
    """One constraint of a CREATE TABLE or ALTER TABLE."""

    kind: str
    """P (primary key), U (unique), R (foreign key), C (check) or N (not null)."""
    columns: tuple[str, ...] = ()
    """Empty for a CHECK."""
    name: str | None = None
    references: tuple[str | None, str] | None = None
    """Schema and name of the table that a foreign key refers to."""
    referenced_columns: tuple[str, ...] = ()
    """The parent's columns; empty for its primary key."""
    condition: str = ""
    """A CHECK's condition, as the client wrote it."""
    on_delete: str = ""
    """What a foreign key does with the children of a deleted parent: CASCADE or SET NULL."""


@dataclass(frozen=True)
class DrawnColumn:
    """A column whose default is the next value of a sequence."""

    column: str
    sequence: str
    """The sequence's name, as NEXTVAL takes it."""
    generation: str = ""
    """ALWAYS or BY DEFAULT for an identity column; its sequence is dropped with the table."""


@dataclass(frozen=True)
class SequenceOptions:
    """What CREATE SEQUENCE or ALTER SEQUENCE states; None for what it does not."""

    start: int | None = None
    increment: int | None = None
    least: int | None = None
    most: int | None = None
    cycles: bool | None = None
    restarts: bool = False
    no_least: bool = False
    no_most: bool = False
    cached: int | None = None
    """How many values are held in memory; 0 for NOCACHE."""
    ordered: bool | None = None


@dataclass(frozen=True)
class Definition:
    """What a DDL statement creates, changes or drops."""

    action: str
    """CREATE, ALTER, DROP, TRUNCATE, RENAME or COMMENT."""
    object_type: str
    """TABLE, VIEW, INDEX, SEQUENCE, or SCHEMA (for a user)."""
    schema: str | None
    name: str
    columns: tuple[ColumnDeclaration, ...] = ()
    """The declared columns; for a view or CREATE TABLE AS, those of known type."""
    dropped_columns: tuple[str, ...] = ()
    temporary: bool = False
    on_commit: str = ""
    """DELETE or PRESERVE: what COMMIT does with a temporary table's rows."""
    constraints: tuple[ConstraintDeclaration, ...] = ()
    dropped_constraints: tuple[str, ...] = ()
    dropped_key: tuple[str, ...] = ()
    """A key that is dropped without its name: P, or U and its columns."""
    added_clauses: tuple[str, ...] = ()
    """The constraints of ALTER TABLE ADD in DuckDB's dialect; DuckDB cannot add them itself."""
    drawn_columns: tuple[DrawnColumn, ...] = ()
    default_texts: tuple[tuple[str, str], ...] = ()
    """Columns whose default is set, with the default's text; "" if it is unknown."""
    index_table: str = ""
    descending: tuple[str, ...] = ()
    """The columns that CREATE INDEX sorts descending."""
    is_bitmap: bool = False
    """Whether CREATE INDEX states BITMAP."""
    query_text: str = ""
    """A view's query, as the client wrote it."""
    renamed_column: tuple[str, str] | None = None
    renamed_constraint: tuple[str, str] | None = None
    enabled_constraint: str = ""
    """A constraint that must exist; all are enabled."""
    new_name: str = ""
    """The new name of a renamed table."""
    sequence: SequenceOptions | None = None
    """What ALTER SEQUENCE changes."""
    cascade: bool = False
    """Whether DROP TABLE has CASCADE CONSTRAINTS, or the drop of a key has CASCADE."""
    synonym_of: tuple[str, str] | None = None
    """Schema and name of what a synonym stands for."""
    replaces: bool = False
    """Whether CREATE SYNONYM has OR REPLACE."""
    lenient: bool = False
    """Whether CREATE SYNONYM has IF NOT EXISTS, or DROP SYNONYM has IF EXISTS."""


@dataclass(frozen=True)
class TableReference:
    """A table or view that a statement names."""

    schema: str | None
    name: str
    position: int
    """The 0-based offset in the client's text."""


@dataclass(frozen=True)
class Translated:
    """A statement translated for DuckDB."""

    kind: StatementKind
    duckdb_sql: str
    """Empty if there is nothing to run (most control statements, PL/SQL blocks)."""
    bind_names: tuple[str, ...] = ()
    """In upper case, one per placeholder, in the client's order."""
    parameters: tuple[Parameter, ...] = ()
    sorted: bool = False
    """Whether the outermost query has ORDER BY."""
    tables: tuple[TableReference, ...] = ()
    computed_columns: frozenset[str] = frozenset()
    """Output columns that are expressions; their NUMBERs have no precision."""
    outputs: tuple[ColumnType | ValueType, ...] = ()
    """The outputs' Oracle types in order, as far as known; may be empty."""
    locked: LockedRows | None = None
    """The rows that a query of LOBs locks with FOR UPDATE."""
    char_binds: Mapping[str, int] = field(default_factory=dict)
    """Parameters compared with a CHAR, and the length to pad a bound CHAR to."""
    control: Control | None = None
    control_argument: str = ""
    """The savepoint or schema that a control statement names."""
    settings: tuple[tuple[str, str], ...] = ()
    """The parameters that ALTER SESSION sets, with their values."""
    definition: Definition | None = None
    dml: str = ""
    """INSERT, UPDATE, DELETE or MERGE; empty for other statements."""
    target: tuple[str | None, str] | None = None
    """Schema and name of the table that DML changes."""
    steps: tuple[Step, ...] = ()
    """The statements of a PL/SQL block."""
    handlers: tuple[Handler, ...] = ()
    """Its exception handlers."""
    changed_rows_sql: str = ""
    """For UPDATE ... RETURNING: a query of the numbers of the rows that it will change."""
    returned_columns: tuple[str, ...] = ()
    """For each output of RETURNING, the table's column; "" for an expression."""
    returning_into: tuple[int, ...] = ()
    """The indexes of the binds that RETURNING ... INTO fills, in the order of the columns."""
