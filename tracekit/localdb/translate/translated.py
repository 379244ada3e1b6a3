"""What a translated statement is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.translate.binds import Parameter
from tracekit.localdb.translate.blocks import Step
from tracekit.localdb.translate.scopes import ColumnType, ValueType
from tracekit.localdb.translate.types import DeclaredType


class Control(Enum):
    """Statements that act on the session rather than on data."""

    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to"
    SET_SCHEMA = "set schema"
    SET_PARAMETER = "set parameter"
    """ALTER SESSION SET of anything else."""
    SET_TRANSACTION = "set transaction"
    LOCK_TABLE = "lock table"
    GRANT = "grant"
    """GRANT, REVOKE and ANALYZE: accepted, change nothing, but end the transaction."""


@dataclass(frozen=True)
class ColumnDeclaration:
    """One column of a CREATE TABLE or ALTER TABLE."""

    name: str
    type: DeclaredType
    nullable: bool = True


@dataclass(frozen=True)
class ConstraintDeclaration:
    """One constraint of a CREATE TABLE or ALTER TABLE."""

    kind: str
    """P(rimary key), U(nique), R(eference), C(heck), N(ot null)."""
    columns: tuple[str, ...] = ()
    """Empty for a check."""
    name: str | None = None
    references: tuple[str | None, str] | None = None
    """Schema and name of the table a foreign key refers to."""
    referenced_columns: tuple[str, ...] = ()
    """Of that table; empty for its primary key."""
    condition: str = ""
    """Of a check, as it was written."""


@dataclass(frozen=True)
class DrawnColumn:
    """A column whose default is the next value of a sequence."""

    column: str
    sequence: str
    """Its path as NEXTVAL takes it."""
    generation: str = ""
    """ALWAYS or BY DEFAULT for an identity column, whose sequence goes with the table."""


@dataclass(frozen=True)
class Definition:
    """What a DDL statement defines, changes or drops."""

    action: str
    """CREATE, ALTER, DROP, TRUNCATE, RENAME or COMMENT."""
    object_type: str
    """TABLE, VIEW, INDEX, SEQUENCE, or SCHEMA (what a user owns)."""
    schema: str | None
    name: str
    columns: tuple[ColumnDeclaration, ...] = ()
    """Declared columns; of a view, or a table made from a query, those whose type is known."""
    dropped_columns: tuple[str, ...] = ()
    temporary: bool = False
    on_commit: str = ""
    """DELETE or PRESERVE: what becomes of a temporary table's rows."""
    constraints: tuple[ConstraintDeclaration, ...] = ()
    dropped_constraints: tuple[str, ...] = ()
    added_clauses: tuple[str, ...] = ()
    """Constraints of ALTER TABLE ADD, in DuckDB's dialect: it cannot add them itself."""
    drawn_columns: tuple[DrawnColumn, ...] = ()
    default_texts: tuple[tuple[str, str], ...] = ()
    """Columns whose default is set, and that as it was written; "" where it is not known."""
    index_table: str = ""
    descending: tuple[str, ...] = ()
    """Columns that CREATE INDEX orders by DESC."""
    renamed_column: tuple[str, str] | None = None
    new_name: str = ""
    """Of a renamed table."""
    cascade: bool = False
    """DROP TABLE ... CASCADE CONSTRAINTS."""


@dataclass(frozen=True)
class TableReference:
    """A table or view a statement names."""

    schema: str | None
    name: str
    position: int
    """0-based offset in the client's text."""


@dataclass(frozen=True)
class Translated:
    """A statement ready for DuckDB."""

    kind: StatementKind
    duckdb_sql: str
    """Empty when there is nothing to run (most control statements, PL/SQL blocks)."""
    bind_names: tuple[str, ...] = ()
    """Upper-case, one per placeholder occurrence in the client's order."""
    parameters: tuple[Parameter, ...] = ()
    sorted: bool = False
    """The outermost query has ORDER BY."""
    tables: tuple[TableReference, ...] = ()
    computed_columns: frozenset[str] = frozenset()
    """Output columns that are expressions: a number there is a NUMBER without precision."""
    outputs: tuple[ColumnType | ValueType, ...] = ()
    """What is known of the output columns in order, in addition to DuckDB's types; may be empty."""
    char_binds: Mapping[str, int] = field(default_factory=dict)
    """Parameters that are compared with a CHAR, and its length: to that a bound CHAR is padded."""
    control: Control | None = None
    control_argument: str = ""
    """The savepoint or schema a control statement names."""
    settings: tuple[tuple[str, str], ...] = ()
    """Parameters that ALTER SESSION sets, with their values."""
    definition: Definition | None = None
    dml: str = ""
    """INSERT, UPDATE, DELETE or MERGE for DML."""
    target: tuple[str | None, str] | None = None
    """Schema and name of the table that DML changes."""
    steps: tuple[Step, ...] = ()
    """What a PL/SQL block does."""
    returning_into: tuple[int, ...] = ()
    """Bind indexes that RETURNING ... INTO fills, in the order of the returned columns."""
