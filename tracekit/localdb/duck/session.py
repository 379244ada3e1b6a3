"""A client's session on DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tracekit.localdb.backend import (
    NOTHING,
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    StatementKind,
)
from tracekit.localdb.duck.binds import parameter_values, unknown_values
from tracekit.localdb.duck.blocks import BlockRun
from tracekit.localdb.duck.changes import Changes
from tracekit.localdb.duck.columns import describe_columns
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.definer import define
from tracekit.localdb.duck.gate import gate
from tracekit.localdb.duck.locking import lock
from tracekit.localdb.duck.private_tables import PrivateTables
from tracekit.localdb.duck.quoting import quoted_path
from tracekit.localdb.duck.result import BatchSource, EncodedStream
from tracekit.localdb.duck.session_connections import SessionConnections
from tracekit.localdb.duck.session_state import SessionState
from tracekit.localdb.duck.source import QuerySource, batch_rows
from tracekit.localdb.duck.statement import DuckStatement
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Control, Translated, form_of, map_error
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.rows_lob import has_lobs


class DuckSession:
    """Runs each query on its own connection, or on the writing one while a transaction is open.

    Args:
        database: The database, shared by all sessions.
        schema: The schema for unqualified names.
        number: The session's unique number.
        on_close: Called once, when the session is closed.
        client: The client's values for SYS_CONTEXT('USERENV', ...).
    """

    def __init__(
        self,
        database: Database,
        schema: str,
        number: int,
        on_close: Callable[[DuckSession], None],
        client: Mapping[str, str] = NOTHING,
    ) -> None:
        self._database = database
        self._on_close = on_close
        self._state = SessionState(schema, client, lambda: database.notes.synonyms)
        self._private = PrivateTables(database, number)
        self._connections = SessionConnections(database, self._state, self._private)
        self._changes = Changes(database, self._state, self._connections)
        self._streams: set[EncodedStream] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def spool_folder(self) -> Path:
        """The folder for the session's temporary files."""
        return self._database.spool_folder

    @property
    def current_schema(self) -> str:
        """The schema for unqualified names."""
        return self._state.schema

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work."""
        return self._connections.in_transaction

    def prepare(self, sql: str) -> DuckStatement:
        """Parse and translate `sql`; translations are cached.

        Raises:
            OraError: the statement is malformed or cannot be translated.
        """
        database = self._database
        return database.statements.get(sql, self._state.naming, database.columns.find)

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns of a query, without running it.

        Raises:
            OraError: a name in it does not exist.
        """
        known = self.prepare(_own(statement).sql)
        if known.kind is not StatementKind.QUERY:
            return ()
        self._check_open()
        values = unknown_values(known.translated)
        connection = self._connections.connect()
        with closing(connection), gate(known.ora_error):
            sql = self._private.localized(known.translated.duckdb_sql)
            relation = connection.sql(sql, params=values or None)
            return self._describe(relation, known)

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        """Run a statement once per row of binds (a query exactly once; no binds: one empty row).

        A row that fails ends the statement, unless `go_on` is set.

        Raises:
            OraError: the statement failed; the transaction is as before the failing row.
        """
        self._check_open()
        rows = bind_rows or ((),)
        known = self._for_values(_own(statement), rows, bind_types)
        if known.translated.control is not None:
            self._control(known.translated.control, known.translated)
        elif known.kind is StatementKind.QUERY:
            return ExecuteOutcome(result=self._query(known, rows[0], bind_types))
        elif known.kind is StatementKind.DML and not known.translated.steps:
            if known.translated.returning_into:
                return self._changes.change_and_return(known, rows, bind_types, go_on=go_on)
            return self._changes.change(known, rows, bind_types, go_on=go_on)
        elif known.kind is StatementKind.DDL:
            self._define(known)
        else:
            return self._run_block(known, rows, bind_types)
        return ExecuteOutcome()

    def _for_values(
        self,
        statement: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
    ) -> DuckStatement:
        """Translate the statement for these bind values and the current tables."""
        if statement.kind not in (StatementKind.QUERY, StatementKind.DML):
            return statement
        width = min(len(row) for row in rows)
        dates = {one for one, kind in enumerate(bind_types) if kind.type is OracleType.DATE}
        forms = tuple(
            form_of([row[index] for row in rows], are_dates=index in dates)
            for index in range(width)
        )
        database = self._database
        find = database.columns.find
        return database.statements.get(statement.sql, self._state.naming, find, forms)

    def commit(self) -> None:
        """Commit the transaction.

        Raises:
            OraError: ORA-08177 if it conflicts with another session's commit; it is rolled back.
        """
        if self._connections.writer is not None:
            with (
                self._connections.running_on(self._connections.writer.connection),
                gate(_error_without_statement),
            ):
                self._connections.writer.commit(self._private.emptied_by_commit())

    def rollback(self) -> None:
        """Roll back the transaction."""
        if self._connections.writer is not None:
            with gate(_error_without_statement):
                self._connections.writer.rollback()

    def set_current_schema(self, schema: str) -> None:
        """Set the schema for unqualified names.

        Raises:
            OraError: ORA-01435 if there is no such schema.
        """
        if not self._database.has_schema(schema):
            raise OraError(1435, "user does not exist")
        self._state.schema = schema
        self._connections.apply_schema()

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Set the client's values for SYS_CONTEXT('USERENV', ...)."""
        self._state.set_attributes(attributes)
        self._connections.apply_settings()

    def interrupt(self) -> None:
        """Interrupt a call that runs in another thread; it raises ORA-01013."""
        self._connections.interrupt()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.interrupt()

    def close(self) -> None:
        """Roll back and close everything, including open results."""
        if self._closed:
            return
        self._closed = True
        for stream in list(self._streams):
            stream.close()
        self._connections.close()
        self._private.close()
        self._on_close(self)

    def _check_open(self) -> None:
        if self._closed:  # by another thread that dropped the database
            raise OraError(28, "your session has been killed")

    def _control(self, control: Control, translated: Translated) -> None:
        argument = translated.control_argument
        if control is Control.COMMIT or control is Control.ACCEPTED:
            self.commit()
        elif control is Control.ROLLBACK:
            self.rollback()
        elif control is Control.SET_SCHEMA:
            self.set_current_schema(argument)
        elif control is Control.SET_PARAMETER:
            self._state.set_parameters(translated.settings)
            self._connections.apply_settings()
        elif control is Control.SAVEPOINT:
            self._connections.writing().set_savepoint(argument)
        elif control is Control.ROLLBACK_TO:
            writer = self._connections.writing()
            with self._connections.running_on(writer.connection), gate(_error_without_statement):
                writer.rollback_to(argument)

    def _run_block(
        self,
        block: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
    ) -> ExecuteOutcome:
        """Run every statement of a block for every row; a failure undoes the block."""
        names = block.translated.bind_names
        filled: dict[int, Any] = {}
        counts: list[int] = []
        for row in rows:
            if len(row) != len(names):
                raise OraError(1008, "not all variables bound")
            run = BlockRun(self, self._read_few, names, row, bind_types)
            writer = self._connections.writing()
            with writer.together():
                run.run_all(block.translated.steps, block.translated.handlers)
            filled = run.filled
            counts.append(run.row_count)
        if block.kind is StatementKind.DML:
            return ExecuteOutcome(row_count=sum(counts), row_counts=counts)
        return ExecuteOutcome(filled=filled)

    def _read_few(
        self,
        statement: PreparedStatement,
        row: Sequence[Any],
        bind_types: Sequence[BindType],
        most: int,
    ) -> tuple[pa.Table, list[str]]:
        """The first rows of a query, and the names of their DuckDB types."""
        known = self._for_values(_own(statement), [row], bind_types)
        values = parameter_values(known.translated, row, bind_types)
        writer = self._connections.of_transaction
        connection = writer.connection if writer else self._connections.connect()
        try:
            with self._connections.running_on(connection), gate(known.ora_error):
                relation = connection.sql(self._connections.localized(known), params=values or None)
                types = [str(kind) for kind in relation.types]
                return relation.limit(most).to_arrow_table(), types
        except OraError:
            if writer:
                writer.recover()
            raise
        finally:
            if not writer:
                connection.close()

    def query(
        self,
        statement: PreparedStatement,
        row: Sequence[Any],
        bind_types: Sequence[BindType],
        through: Callable[[QuerySource], BatchSource],
    ) -> EncodedStream:
        """Run a query whose batches are changed before they are encoded.

        Args:
            statement: A statement from `prepare`.
            row: The bind values.
            bind_types: The types of the bind values.
            through: Converts the batches; the schema stays the same.

        Raises:
            OraError: the query failed.
        """
        self._check_open()
        known = self._for_values(_own(statement), [row], bind_types)
        return self._query(known, row, bind_types, through)

    def _query(
        self,
        statement: DuckStatement,
        row: Sequence[Any],
        bind_types: Sequence[BindType],
        through: Callable[[QuerySource], BatchSource] | None = None,
    ) -> EncodedStream:
        if statement.translated.sorted:
            self._state.settings.check_sort()
        locked = None
        if statement.translated.locked is not None:
            statement, locked = lock(statement, self._database, self._state, self._connections)
        values = parameter_values(statement.translated, row, bind_types)
        folder = self._database.spool_folder
        writer = self._connections.of_transaction
        with gate(statement.ora_error):
            sql = self._connections.localized(statement)
        connection = writer.connection if writer else self._connections.connect()
        release = _keep_open if writer else connection.close
        try:
            with self._connections.running_on(connection), gate(statement.ora_error):
                relation = connection.sql(sql, params=values or None)
                columns = self._describe(relation, statement)
                if locked is not None:
                    columns.pop()  # the row's number
                reader = relation.to_arrow_reader(batch_rows(sql, has_lobs=has_lobs(columns)))
                source = QuerySource(
                    connection, reader, folder if statement.translated.sorted else None, release
                )
                if writer:  # the next statement needs the connection
                    source.spool(folder)
        except OraError:
            release()
            if writer:
                writer.recover()
            raise
        batches = through(source) if through is not None else source
        stream = EncodedStream(batches, columns, statement.ora_error, self._forget, locked)
        with self._lock:
            self._streams.add(stream)
        return stream

    def _define(self, statement: DuckStatement) -> None:
        definition = statement.translated.definition
        assert definition is not None, "DDL has a definition"
        writer = self._connections.writing()
        with self._connections.running_on(writer.connection), gate(statement.ora_error):
            writer.commit(self._private.emptied_by_commit())
            sql = statement.translated.duckdb_sql
            key = (definition.schema or self._state.schema, definition.name)
            if key in self._database.notes.temporary:
                if definition.action == "TRUNCATE":
                    sql = self._connections.localized(statement)
                else:
                    self._private.drop_copy(key)
            written = sql or f"ALTER TABLE {quoted_path(*key)}"
            self._connections.copy_written_table(writer, written)
            for constraint in definition.constraints:
                if constraint.references is not None:  # a foreign key cannot refer to a view
                    schema, name = constraint.references
                    parent = (schema or self._state.schema, name)
                    self._connections.copy_written_table(
                        writer, f"ALTER TABLE {quoted_path(*parent)}"
                    )
            if definition.action != "TRUNCATE":  # what DDL creates is shared by all sessions
                self._database.use_schema(writer.connection, self._state.schema)
            try:
                define(writer, self._database, sql, definition, key)
            finally:
                self._connections.use_schema(writer.connection)

    def _describe(
        self, relation: duckdb.DuckDBPyRelation, statement: DuckStatement
    ) -> list[ColumnDescription]:
        columns = describe_columns(relation, statement.translated)
        return [self._state.settings.localized(column) for column in columns]

    def _forget(self, stream: EncodedStream) -> None:
        with self._lock:
            self._streams.discard(stream)


def _own(statement: PreparedStatement) -> DuckStatement:
    assert isinstance(statement, DuckStatement), "statements come from this session's prepare"
    return statement


def _error_without_statement(error: duckdb.Error) -> OraError:
    """Map an error that belongs to no particular statement."""
    return map_error(error, "")


def _keep_open() -> None:
    """Release nothing: the writing connection stays open."""
