"""What the session layer (sockets, messages) asks of the database behind it.

`duck.py` implements this on DuckDB. All methods block; the session layer calls them off its event
loop, one call at a time per `BackendSession`, except `interrupt`, which may come from any thread.
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
from tracekit.localdb.wire.rows_lob import LobKeeper

NOTHING: Mapping[str, str] = MappingProxyType({})


class StatementKind(Enum):
    """What executing a statement gives."""

    QUERY = "query"
    DML = "dml"
    DDL = "ddl"
    PLSQL = "plsql"
    OTHER = "other"
    """ALTER SESSION and the like: accepted, nothing to return."""


@dataclass(frozen=True)
class BindType:
    """What the client said a bind is."""

    type: OracleType
    size_bytes: int
    charset_form: int = 1


@dataclass(frozen=True)
class EmptyLob:
    """A LOB without content as a bind value: unlike "" and b"" it is not NULL."""

    value: str | bytes


class PreparedStatement(Protocol):
    """A parsed and translated statement; reusable with new binds."""

    @property
    def kind(self) -> StatementKind:
        """What executing it gives."""

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder occurrence, in the order values arrive."""


class ResultStream(Protocol):
    """An open result: rows are made as they are asked for, a bounded number ahead."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The description sent to the client."""

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Say how the columns are to be sent, before the first `next_batch`.

        Only called for a result that has LOB columns.

        Args:
            columns: As described, LOBs in LONG form where the client wants them so.
            keeper: Where the values of the others are kept.
        """

    def next_batch(self) -> EncodedRows | None:
        """The next rows (any number, at least one), or None when there are no more.

        Raises:
            OraError: reading failed in mid-result.
        """

    def close(self) -> None:
        """Free everything the result holds; may be called more than once and at any time."""


@dataclass(frozen=True)
class ReturnedLob:
    """A LOB that a bind is filled with; the session keeps it and sends a locator."""

    value: bytes
    """Bytes, or UTF-8 text."""
    column: ColumnDescription


ReturnedColumns: TypeAlias = Sequence[Sequence[bytes | ReturnedLob]]
"""Per bind that is filled, in bind order: the values of all rows touched, as the wire has them."""


@dataclass(frozen=True)
class ExecuteOutcome:
    """What one execution gave: a stream for a query, else a row count."""

    result: ResultStream | None = None
    row_count: int = 0
    row_counts: Sequence[int] = ()
    """Per bind row, for DML row counts."""
    returned: Sequence[ReturnedColumns] = ()
    """Per bind row, what RETURNING ... INTO gives; empty for every other statement."""
    filled: Mapping[int, bytes | ReturnedLob | ResultStream] = field(default_factory=dict)
    """What a PL/SQL block fills its binds with, by their places; a result is a cursor."""
    failures: Sequence[RowFailure] = ()
    """Bind rows that failed where there are many; they count as 0 rows and return nothing."""


class BackendSession(Protocol):
    """One logged-in client's view of the database."""

    @property
    def spool_folder(self) -> Path | None:
        """Where the session's temporary files go; None for the system's place."""

    @property
    def in_transaction(self) -> bool:
        """Whether uncommitted work is open."""

    @property
    def current_schema(self) -> str:
        """Where unqualified names are looked up."""

    def prepare(self, sql: str) -> PreparedStatement:
        """Parse and translate `sql` (Oracle's dialect, as the client sent it).

        Raises:
            OraError: the statement is malformed or cannot be translated.
        """

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns a query would give, without running it."""

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        """Run it once per bind row (a query: exactly once; no binds: one empty row).

        Of several rows, one that fails ends it, unless it is to `go_on`; what the others did
        stays done.

        Bind values are Python values (None, str, int, float, Decimal, datetime, bytes,
        timedelta, bool, YearMonthInterval, EmptyLob), one per placeholder occurrence.

        Raises:
            OraError: any failure, with Oracle's number and, where known, the position.
        """

    def commit(self) -> None:
        """End the transaction and keep its work."""

    def rollback(self) -> None:
        """End the transaction and drop its work."""

    def set_current_schema(self, schema: str) -> None:
        """Resolve unqualified names in `schema` from now on."""

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Let SYS_CONTEXT('USERENV', ...) answer these from now on."""

    def interrupt(self) -> None:
        """Make a running call of another thread end soon with ORA-01013."""

    def close(self) -> None:
        """Roll back and free everything, open results included."""


class Backend(Protocol):
    """The database of one server process."""

    @property
    def banner(self) -> str:
        """What the environment record calls this server: `local Oracle (duckdb 2.0.0)`."""

    def has_clone(self, name: str) -> bool:
        """Whether there is a private copy of the database under this service name."""

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> BackendSession:
        """A new session whose current schema is `schema`, in the main database or in a clone.

        Args:
            schema: Resolves unqualified names.
            clone: Name of a clone, or empty.
            client: What SYS_CONTEXT('USERENV', ...) tells of the client.

        Raises:
            OraError: ORA-12514, the clone is gone.
        """

    def close(self) -> None:
        """Close all sessions and free the database."""
