"""A session's DuckDB connections: one that writes, and one for each open query."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.private_tables import PrivateTables
from tracekit.localdb.duck.session_state import SessionState
from tracekit.localdb.duck.statement import DuckStatement
from tracekit.localdb.duck.writer import WritingConnection


class SessionConnections:
    """Opens connections, and keeps them in step with the session's settings.

    Args:
        database: The database, shared by all sessions.
        state: The session's settings.
        private: The session's temporary tables.
    """

    def __init__(self, database: Database, state: SessionState, private: PrivateTables) -> None:
        self._database = database
        self._state = state
        self._private = private
        self._running: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self.writer: WritingConnection | None = None
        """The writing connection, once it exists."""

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work."""
        return self.writer is not None and self.writer.in_transaction

    @property
    def of_transaction(self) -> WritingConnection | None:
        """The writing connection while its transaction is open; queries then see its changes."""
        return self.writer if self.in_transaction else None

    def writing(self) -> WritingConnection:
        """Return the writing connection."""
        if self.writer is None:
            self.writer = WritingConnection(self.connect())
        return self.writer

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open a connection."""
        connection = self._database.connect(self._state.schema)
        self._state.prepare(connection)
        if self._private.schema is not None:
            self.use_schema(connection)
        return connection

    def use_schema(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a connection look up unqualified names as the session does."""
        self._database.use_schema(connection, self._state.schema, self._private.schema)

    def apply_schema(self) -> None:
        """Apply a change of the current schema."""
        if self.writer is not None:
            self.use_schema(self.writer.connection)

    def apply_settings(self) -> None:
        """Apply a change of the session's settings."""
        if self.writer is not None:
            self._state.update(self.writer.connection)

    def copy_written_table(self, writer: WritingConnection, sql: str) -> None:
        """Copy the table that a statement writes, if it is only a view of an overlay."""
        overlay = self._database.overlay
        copied = overlay is not None and overlay.prepare_write(sql, self._state.schema)
        if copied and writer.in_transaction:
            writer.restore()  # its snapshot is older than the copy

    def localized(self, statement: DuckStatement) -> str:
        """The statement's SQL, with the session's own temporary tables."""
        sql = statement.translated.duckdb_sql
        if not self._database.notes.temporary:
            return sql
        tables = [
            (one.schema or self._state.schema, one.name) for one in statement.translated.tables
        ]
        if self._private.make(tables) and self.writer is not None:
            if self.writer.in_transaction:
                self.writer.restore()  # its snapshot is older than the table
            self.use_schema(self.writer.connection)
        return self._private.localized(sql)

    @contextmanager
    def running_on(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let `interrupt` reach a call while it runs on `connection`."""
        with self._lock:
            self._running = connection
        try:
            yield
        finally:
            with self._lock:
                self._running = None

    def interrupt(self) -> None:
        """Interrupt the running call."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()

    def close(self) -> None:
        """Roll back and close the writing connection; queries close their own."""
        if self.writer is not None:
            self.writer.close()
