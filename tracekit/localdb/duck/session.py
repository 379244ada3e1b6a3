"""One client's session on DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from tracekit.localdb.backend import (
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    StatementKind,
)
from tracekit.localdb.duck.binds import parameter_values, unknown_values
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.describe import describe_columns
from tracekit.localdb.duck.gate import ErrorMapper, gate
from tracekit.localdb.duck.result import EncodedStream
from tracekit.localdb.duck.source import READ_ROWS, QuerySource
from tracekit.localdb.duck.translation import Translation
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription


@dataclass(frozen=True)
class DuckStatement:
    """A translated statement."""

    translation: Translation

    @property
    def kind(self) -> StatementKind:
        """What executing it gives."""
        return self.translation.kind

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder occurrence, in the order values arrive."""
        return self.translation.bind_names


class DuckSession:
    """Queries run on a connection each, or on the writing one while its transaction is open.

    Args:
        database: shared by all sessions.
        schema: resolves unqualified names.
        on_close: called once, when the session is closed.
    """

    def __init__(
        self, database: Database, schema: str, on_close: Callable[[DuckSession], None]
    ) -> None:
        self._database = database
        self._schema = schema
        self._on_close = on_close
        self._writer: WritingConnection | None = None
        self._streams: set[EncodedStream] = set()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def in_transaction(self) -> bool:
        """Whether uncommitted work is open."""
        return self._writer is not None and self._writer.in_transaction

    def prepare(self, sql: str) -> DuckStatement:
        """Parse and translate `sql`; known statements cost a look-up.

        Raises:
            OraError: the statement is malformed or cannot be translated.
        """
        return DuckStatement(self._database.translations.get(sql, self._schema))

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns a query would give, without running it."""
        translation = _translation(statement)
        if translation.kind is not StatementKind.QUERY:
            return ()
        values = unknown_values(translation)
        connection = self._database.connect(self._schema)
        with closing(connection), gate(self._errors(translation)):
            relation = connection.sql(translation.duckdb_sql, params=values or None)
            return self._describe(relation)

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
    ) -> ExecuteOutcome:
        """Run it once per bind row (a query: exactly once; no binds: one empty row).

        Raises:
            OraError: any failure; the transaction is as it was before the failing row.
        """
        translation = _translation(statement)
        rows = bind_rows or ((),)
        if translation.kind is StatementKind.QUERY:
            return ExecuteOutcome(result=self._query(translation, rows[0]))
        if translation.kind is StatementKind.DML:
            counts = self._change(translation, rows)
            return ExecuteOutcome(row_count=sum(counts), row_counts=counts)
        if translation.kind is StatementKind.DDL:
            self._define(translation)
            return ExecuteOutcome()
        raise OraError(3001, f"unimplemented feature: a {translation.kind.value} statement")

    def commit(self) -> None:
        """End the transaction and keep its work.

        Raises:
            OraError: ORA-08177, it conflicts with what others committed; it is rolled back.
        """
        if self._writer is not None:
            with self._running_on(self._writer.connection), gate(self._errors(None)):
                self._writer.commit()

    def rollback(self) -> None:
        """End the transaction and drop its work."""
        if self._writer is not None:
            with gate(self._errors(None)):
                self._writer.rollback()

    def set_current_schema(self, schema: str) -> None:
        """Resolve unqualified names in `schema` from now on.

        Raises:
            OraError: ORA-01435, there is no such schema.
        """
        if not self._database.has_schema(schema):
            raise OraError(1435, "user does not exist")
        self._schema = schema
        if self._writer is not None:
            self._database.use_schema(self._writer.connection, schema)

    def interrupt(self) -> None:
        """Make a running call of another thread end soon with ORA-01013."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()
            streams = list(self._streams)
        for stream in streams:
            stream.interrupt()

    def close(self) -> None:
        """Roll back and free everything, open results included."""
        if self._closed:
            return
        self._closed = True
        for stream in list(self._streams):
            stream.close()
        if self._writer is not None:
            self._writer.close()
        self._on_close(self)

    def _query(self, translation: Translation, row: Sequence[Any]) -> EncodedStream:
        values = parameter_values(translation, row)
        folder = self._database.spool_folder
        writer = self._writer if self.in_transaction else None
        connection = writer.connection if writer else self._database.connect(self._schema)
        release = _nothing if writer else connection.close
        try:
            with self._running_on(connection), gate(self._errors(translation)):
                relation = connection.sql(translation.duckdb_sql, params=values or None)
                columns = self._describe(relation)
                reader = relation.to_arrow_reader(READ_ROWS)
                source = QuerySource(
                    connection, reader, folder if translation.sorted else None, release
                )
                if writer:  # its connection must be free for the next statement
                    source.spool(folder)
        except OraError:
            release()
            if writer:
                writer.recover()
            raise
        stream = EncodedStream(source, columns, self._errors(translation), self._forget)
        with self._lock:
            self._streams.add(stream)
        return stream

    def _change(self, translation: Translation, rows: Sequence[Sequence[Any]]) -> list[int]:
        values = [parameter_values(translation, row) for row in rows]
        writer = self._writing_connection()
        with self._running_on(writer.connection), gate(self._errors(translation)):
            self._own_what_is_written(writer, translation)
            return [writer.run(translation.duckdb_sql, row_values) for row_values in values]

    def _define(self, translation: Translation) -> None:
        writer = self._writing_connection()
        with self._running_on(writer.connection), gate(self._errors(translation)):
            writer.commit()
            self._own_what_is_written(writer, translation)
            writer.run_alone(translation.duckdb_sql)
        self._database.tables_changed()

    def _own_what_is_written(self, writer: WritingConnection, translation: Translation) -> None:
        overlay = self._database.overlay
        copied = overlay is not None and overlay.prepare_write(translation.duckdb_sql, self._schema)
        if copied and writer.in_transaction:
            writer.restore()  # its snapshot is older than the copy

    def _writing_connection(self) -> WritingConnection:
        if self._writer is None:
            self._writer = WritingConnection(self._database.connect(self._schema))
        return self._writer

    def _describe(self, relation: duckdb.DuckDBPyRelation) -> list[ColumnDescription]:
        return describe_columns(relation.columns, relation.types, self._database.stored_doubles())

    def _errors(self, translation: Translation | None) -> ErrorMapper:
        return lambda error: self._database.translator.ora_error(error, translation)

    def _forget(self, stream: EncodedStream) -> None:
        with self._lock:
            self._streams.discard(stream)

    @contextmanager
    def _running_on(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        with self._lock:
            self._running = connection
        try:
            yield
        finally:
            with self._lock:
                self._running = None


def _translation(statement: PreparedStatement) -> Translation:
    assert isinstance(statement, DuckStatement), "statements come from this session's prepare"
    return statement.translation


def _nothing() -> None:
    """What releasing the writing connection takes: it stays."""
