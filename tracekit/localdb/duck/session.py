"""One client's session on DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from tracekit.localdb.backend import (
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    StatementKind,
)
from tracekit.localdb.duck.binds import parameter_values, unknown_values
from tracekit.localdb.duck.columns import describe_columns
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.gate import gate
from tracekit.localdb.duck.result import EncodedStream
from tracekit.localdb.duck.returning import encode_returned
from tracekit.localdb.duck.source import LOB_READ_ROWS, READ_ROWS, QuerySource
from tracekit.localdb.duck.statement import DuckStatement
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Control, map_error
from tracekit.localdb.wire.column import ColumnDescription
from tracekit.localdb.wire.rows_lob import has_lobs


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
    def spool_folder(self) -> Path:
        """Where the session's temporary files go."""
        return self._database.spool_folder

    @property
    def in_transaction(self) -> bool:
        """Whether uncommitted work is open."""
        return self._writer is not None and self._writer.in_transaction

    def prepare(self, sql: str) -> DuckStatement:
        """Parse and translate `sql`; a known statement costs a look-up.

        Raises:
            OraError: the statement is malformed or cannot be translated.
        """
        return self._database.statements.get(sql, self._schema)

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns a query would give, without running it.

        Raises:
            OraError: it names what does not exist.
        """
        known = _own(statement)
        if known.kind is not StatementKind.QUERY:
            return ()
        values = unknown_values(known.translated)
        connection = self._database.connect(self._schema)
        with closing(connection), gate(known.ora_error):
            relation = connection.sql(known.translated.duckdb_sql, params=values or None)
            return self._describe(relation, known)

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
        known = _own(statement)
        rows = bind_rows or ((),)
        if known.translated.control is not None:
            self._control(known.translated.control, known.translated.control_argument)
        elif known.kind is StatementKind.QUERY:
            return ExecuteOutcome(result=self._query(known, rows[0]))
        elif known.kind is StatementKind.DML:
            if known.translated.returning_into:
                return self._change_and_return(known, rows, bind_types)
            counts = self._change(known, rows)
            return ExecuteOutcome(row_count=sum(counts), row_counts=counts)
        elif known.kind is StatementKind.DDL:
            self._define(known)
        else:
            raise OraError(3001, "unimplemented feature: PL/SQL")
        return ExecuteOutcome()

    def commit(self) -> None:
        """End the transaction and keep its work.

        Raises:
            OraError: ORA-08177, it conflicts with what others committed; it is rolled back.
        """
        if self._writer is not None:
            with self._running_on(self._writer.connection), gate(_unstated):
                self._writer.commit()

    def rollback(self) -> None:
        """End the transaction and drop its work."""
        if self._writer is not None:
            with gate(_unstated):
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

    def _control(self, control: Control, argument: str) -> None:
        if control is Control.COMMIT or control is Control.COMMENT:
            self.commit()
        elif control is Control.ROLLBACK:
            self.rollback()
        elif control is Control.SET_SCHEMA:
            self.set_current_schema(argument)
        elif control is Control.SAVEPOINT:
            self._writing_connection().set_savepoint(argument)
        elif control is Control.ROLLBACK_TO:
            writer = self._writing_connection()
            with self._running_on(writer.connection), gate(_unstated):
                writer.rollback_to(argument)

    def _query(self, statement: DuckStatement, row: Sequence[Any]) -> EncodedStream:
        values = parameter_values(statement.translated, row)
        folder = self._database.spool_folder
        writer = self._writer if self.in_transaction else None
        connection = writer.connection if writer else self._database.connect(self._schema)
        release = _nothing if writer else connection.close
        try:
            with self._running_on(connection), gate(statement.ora_error):
                relation = connection.sql(statement.translated.duckdb_sql, params=values or None)
                columns = self._describe(relation, statement)
                reader = relation.to_arrow_reader(LOB_READ_ROWS if has_lobs(columns) else READ_ROWS)
                source = QuerySource(
                    connection, reader, folder if statement.translated.sorted else None, release
                )
                if writer:  # its connection must be free for the next statement
                    source.spool(folder)
        except OraError:
            release()
            if writer:
                writer.recover()
            raise
        stream = EncodedStream(source, columns, statement.ora_error, self._forget)
        with self._lock:
            self._streams.add(stream)
        return stream

    def _change(self, statement: DuckStatement, rows: Sequence[Sequence[Any]]) -> list[int]:
        values = [parameter_values(statement.translated, row) for row in rows]
        writer = self._writing_connection()
        with self._running_on(writer.connection), gate(statement.ora_error):
            self._own_what_is_written(writer, statement)
            return writer.run_each(statement.translated.duckdb_sql, values)

    def _change_and_return(
        self,
        statement: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
    ) -> ExecuteOutcome:
        translated = statement.translated
        values = [parameter_values(translated, row) for row in rows]
        kinds = [bind_types[index] for index in translated.returning_into]
        take = partial(encode_returned, kinds=kinds)
        writer = self._writing_connection()
        with self._running_on(writer.connection), gate(statement.ora_error):
            self._own_what_is_written(writer, statement)
            returned = [writer.run_returning(translated.duckdb_sql, one, take) for one in values]
        counts = [len(columns[0]) for columns in returned]
        return ExecuteOutcome(row_count=sum(counts), row_counts=counts, returned=returned)

    def _define(self, statement: DuckStatement) -> None:
        writer = self._writing_connection()
        with self._running_on(writer.connection), gate(statement.ora_error):
            writer.commit()
            self._own_what_is_written(writer, statement)
            writer.run_alone(statement.translated.duckdb_sql)
            definition = statement.translated.definition
            if definition is not None:
                self._database.declared.follow(definition, self._schema)

    def _own_what_is_written(self, writer: WritingConnection, statement: DuckStatement) -> None:
        overlay = self._database.overlay
        copied = overlay is not None and overlay.prepare_write(
            statement.translated.duckdb_sql, self._schema
        )
        if copied and writer.in_transaction:
            writer.restore()  # its snapshot is older than the copy

    def _writing_connection(self) -> WritingConnection:
        if self._writer is None:
            self._writer = WritingConnection(self._database.connect(self._schema))
        return self._writer

    def _describe(
        self, relation: duckdb.DuckDBPyRelation, statement: DuckStatement
    ) -> list[ColumnDescription]:
        declared = self._database.declared
        return describe_columns(relation, statement.translated, declared, self._schema)

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


def _own(statement: PreparedStatement) -> DuckStatement:
    assert isinstance(statement, DuckStatement), "statements come from this session's prepare"
    return statement


def _unstated(error: duckdb.Error) -> OraError:
    """An error of no statement in particular."""
    return map_error(error, "")


def _nothing() -> None:
    """What releasing the writing connection takes: it stays."""
