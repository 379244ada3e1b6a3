"""The interface between the session layer (sockets, messages) and the database.

`duck` and `recorded` implement it. All methods block. The session's thread calls a
`BackendSession`, one method at a time; only `interrupt` may be called from another thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from tracekit.localdb.ora_error import RowFailure
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.rows_lob import LobKeeper, LobPlace

NOTHING: Mapping[str, str] = MappingProxyType({})


class StatementKind(Enum):
    """The kind of result that a statement returns."""

    QUERY = "query"
    DML = "dml"
    DDL = "ddl"
    PLSQL = "plsql"
    OTHER = "other"
    """ALTER SESSION and similar statements, which return nothing."""


@dataclass(frozen=True)
class BindType:
    """The type that the client declared for a bind."""

    type: OracleType
    size_bytes: int
    charset_form: int = 1


@dataclass(frozen=True)
class EmptyLob:
    """An empty LOB as a bind value: unlike "" and b"", it is not NULL."""

    value: str | bytes


class PreparedStatement(Protocol):
    """A parsed and translated statement, which can be run with new binds."""

    @property
    def kind(self) -> StatementKind:
        """The kind of result that it returns."""

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder, in the order of the values."""


class ResultStream(Protocol):
    """An open result, whose rows are computed on demand, a bounded number ahead."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The description sent to the client."""

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Set how to send the columns, before the first `next_batch`.

        Called only for results with LOB columns.

        Args:
            columns: The columns as described, with LOBs in LONG form where the client wants that.
            keeper: Keeps the values of the other LOBs.
        """

    def next_batch(self) -> EncodedRows | None:
        """The next rows (at least one), or None at the end.

        Raises:
            OraError: reading failed.
        """

    def close(self) -> None:
        """Release everything; may be called more than once and at any time."""


@dataclass(frozen=True)
class ReturnedLob:
    """A LOB as the value of an output bind; the session keeps it and sends a locator."""

    value: bytes
    """Bytes, or UTF-8 text."""
    column: ColumnDescription
    place: LobPlace | None = None
    """Where it is stored, if the client may change it there."""


ReturnedColumns: TypeAlias = Sequence[Sequence[bytes | ReturnedLob]]
"""For each output bind, the encoded values of all affected rows."""


@dataclass(frozen=True)
class ExecuteOutcome:
    """The outcome of one execution: a stream for a query, otherwise a row count."""

    result: ResultStream | None = None
    row_count: int = 0
    row_counts: Sequence[int] = ()
    """The row count of each row of binds, for DML."""
    returned: Sequence[ReturnedColumns] = ()
    """For each row of binds, the values of RETURNING ... INTO; empty for other statements."""
    filled: Mapping[int, bytes | ReturnedLob | ResultStream] = field(default_factory=dict)
    """The output of a PL/SQL block, by bind index; a result is a cursor."""
    failures: Sequence[RowFailure] = ()
    """The rows of binds that failed; they count as 0 rows and return nothing."""


class BackendSession(Protocol):
    """A client's session on the database."""

    @property
    def spool_folder(self) -> Path | None:
        """The folder for the session's temporary files; None for the system's."""

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work."""

    @property
    def current_schema(self) -> str:
        """The schema for unqualified names."""

    def prepare(self, sql: str) -> PreparedStatement:
        """Parse and translate `sql` (Oracle's dialect, as the client sent it).

        Raises:
            OraError: the statement is malformed or cannot be translated.
        """

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns of a query, without running it."""

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        """Run a statement once per row of binds (a query exactly once; no binds: one empty row).

        A row that fails ends the statement, unless `go_on` is set. The effects of the other rows
        remain.

        Bind values are Python values (None, str, int, float, Decimal, datetime, bytes,
        timedelta, bool, YearMonthInterval, EmptyLob), one per placeholder.

        Raises:
            OraError: the statement failed; with Oracle's number and, if known, the position.
        """

    def commit(self) -> None:
        """Commit the transaction."""

    def rollback(self) -> None:
        """Roll back the transaction."""

    def set_current_schema(self, schema: str) -> None:
        """Set the schema for unqualified names."""

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Set the client's values for SYS_CONTEXT('USERENV', ...)."""

    def interrupt(self) -> None:
        """Interrupt a call that runs in another thread; it raises ORA-01013."""

    def close(self) -> None:
        """Roll back and close everything, including open results."""


class Backend(Protocol):
    """The database of a server process."""

    @property
    def banner(self) -> str:
        """The server's name in the environment record: `local Oracle (duckdb 2.0.0)`."""

    def has_clone(self, name: str) -> bool:
        """Whether a clone of the database has this service name."""

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> BackendSession:
        """Open a session in the main database or in a clone.

        Args:
            schema: The schema for unqualified names.
            clone: The name of a clone, or empty.
            client: The client's values for SYS_CONTEXT('USERENV', ...).

        Raises:
            OraError: ORA-12514 if the clone does not exist.
        """

    def close(self) -> None:
        """Close all sessions and the database."""
