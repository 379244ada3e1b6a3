"""A session's INSERT, UPDATE, DELETE and MERGE statements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import duckdb

from tracekit.localdb.backend import (
    BindType,
    ExecuteOutcome,
    ReturnedColumns,
    ReturnedLob,
)
from tracekit.localdb.duck.binds import parameter_values
from tracekit.localdb.duck.constraints import Violations
from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.foreign_keys import NOTHING, Consequences, checks, delete_actions
from tracekit.localdb.duck.gate import ErrorMapper, gate
from tracekit.localdb.duck.indexes import Table
from tracekit.localdb.duck.notes import TableNote
from tracekit.localdb.duck.quoting import quoted_path
from tracekit.localdb.duck.returning import encode_returned
from tracekit.localdb.duck.sequences import Change, prepare_insert
from tracekit.localdb.duck.session_connections import SessionConnections
from tracekit.localdb.duck.session_state import SessionState
from tracekit.localdb.duck.statement import DuckStatement
from tracekit.localdb.duck.writer import ROW_ERRORS, WritingConnection
from tracekit.localdb.ora_error import OraError, RowFailure
from tracekit.localdb.translate import Translated
from tracekit.localdb.wire.rowid import rowid_of, text_of_rowid
from tracekit.localdb.wire.rows_lob import LOB_TYPES, LobPlace


class Changes:
    """Runs DML, row by row or for many rows in one statement.

    Args:
        database: The database, shared by all sessions.
        state: The session's settings.
        connections: The session's connections.
    """

    def __init__(
        self, database: Database, state: SessionState, connections: SessionConnections
    ) -> None:
        self._database = database
        self._state = state
        self._connections = connections

    def change(
        self,
        statement: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
        *,
        go_on: bool,
    ) -> ExecuteOutcome:
        """Run a statement for each row of binds, or for all in one statement.

        Raises:
            OraError: a row failed and `go_on` is not set.
        """
        writer = self._connections.writing()
        to_ora_error = self._violation_mapper(statement)
        with self._connections.running_on(writer.connection), gate(to_ora_error):
            change = self._prepare_change(writer, statement, rows, bind_types)
            ran = writer.run_each(
                change.sql,
                change.rows,
                volatile=change.volatile,
                then=self._consequences(writer, statement),
                go_on=go_on,
            )
        failures = [RowFailure(row, to_ora_error(error)) for row, error in ran.failures]
        return ExecuteOutcome(row_count=sum(ran.counts), row_counts=ran.counts, failures=failures)

    def change_and_return(
        self,
        statement: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
        *,
        go_on: bool,
    ) -> ExecuteOutcome:
        """Run a statement with RETURNING ... INTO.

        Raises:
            OraError: a row failed and `go_on` is not set.
        """
        kinds = [bind_types[index] for index in statement.translated.returning_into]
        take = partial(encode_returned, kinds=kinds)
        writer = self._connections.writing()
        to_ora_error = self._violation_mapper(statement)
        returned: list[ReturnedColumns] = []
        run: ReturnedColumns
        failures: list[RowFailure] = []
        with self._connections.running_on(writer.connection), gate(to_ora_error):
            change = self._prepare_change(writer, statement, rows, bind_types)
            then = self._consequences(writer, statement)
            for row, values in enumerate(change.rows):
                if failures and not go_on:
                    break
                try:
                    changed = self._rows_to_change(writer, statement.translated, kinds, values)
                    run = writer.run_returning(
                        change.sql, values, take, volatile=change.volatile, then=then
                    )
                    run = self._placed(writer, statement.translated, run, changed)
                except ROW_ERRORS as error:
                    if len(change.rows) == 1:
                        raise
                    failures.append(RowFailure(row, to_ora_error(error)))
                    run = [()] * len(kinds)
                returned.append(run)
        counts = [len(columns[0]) for columns in returned]
        return ExecuteOutcome(
            row_count=sum(counts), row_counts=counts, returned=returned, failures=failures
        )

    def _rows_to_change(
        self,
        writer: WritingConnection,
        translated: Translated,
        kinds: Sequence[BindType],
        values: Mapping[str, Any],
    ) -> Sequence[int]:
        """The numbers of the rows that an UPDATE will change, if it returns LOBs."""
        sql = translated.changed_rows_sql
        if not sql or not any(kind.type in LOB_TYPES for kind in kinds):
            return ()
        if self._database.notes.temporary:  # it can be about private tables
            return ()
        names = set(re.findall(r"\$(\w+)", sql))
        used = {name: value for name, value in values.items() if name in names}
        return [number for (number,) in writer.read(sql, used)]

    def _placed(
        self,
        writer: WritingConnection,
        translated: Translated,
        returned: ReturnedColumns,
        changed: Sequence[int],
    ) -> ReturnedColumns:
        """Let the client write the LOBs of a row that it has inserted or updated.

        DuckDB does not return row numbers. A row that is inserted, or updated by being deleted and
        inserted again, has the highest number of all; any other keeps its number.
        """
        lobs = [isinstance(value, ReturnedLob) for values in returned for value in values]
        if translated.target is None or not any(lobs):
            return returned
        schema, name = translated.target
        table = (schema or self._state.schema, name)
        if len(lobs) != len(returned) or table in self._database.notes.temporary:
            return returned  # several rows, or a private table
        path = quoted_path(*table)
        if translated.dml != "INSERT" and len(changed) != 1:
            return returned
        still = f"SELECT rowid FROM {path} WHERE rowid IN ({', '.join(map(str, changed))})"  # noqa: S608
        stays = writer.read(still, {}) if changed else []
        last = f"SELECT max(rowid) FROM {path}"  # noqa: S608
        [(number,)] = stays or writer.read(last, {})
        rowid = text_of_rowid(rowid_of(number))
        return [
            [
                replace(value, place=LobPlace(path, column, rowid))
                if isinstance(value, ReturnedLob) and column
                else value
                for value in values
            ]
            for values, column in zip(returned, translated.returned_columns, strict=True)
        ]

    def _consequences(self, writer: WritingConnection, statement: DuckStatement) -> Consequences:
        """What foreign keys do after a change, and the checks of keys."""
        translated = statement.translated
        if translated.target is None:
            return NOTHING
        schema, name = translated.target
        notes, catalog = self._database.notes, self._database.catalog
        table = (schema or self._state.schema, name)
        free = self._database.free_columns
        checked = checks(notes, catalog, table, translated.dml, free)
        if translated.dml != "DELETE":
            keys = self._database.partial_keys.checks(writer.connection, table)
            return Consequences(checks=[*checked, *keys])
        actions = delete_actions(notes, catalog, table, free)
        for action in actions:
            self._connections.copy_written_table(writer, action.sql)
            checked += checks(notes, catalog, action.child, action.dml, free)
        return Consequences(actions, checked)

    def _prepare_change(
        self,
        writer: WritingConnection,
        statement: DuckStatement,
        rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType],
    ) -> Change:
        """Prepare a change: choose the session's tables and take values from sequences."""
        translated = statement.translated
        values = [parameter_values(translated, row, bind_types) for row in rows]
        sql = self._connections.localized(statement)
        self._connections.copy_written_table(writer, translated.duckdb_sql)
        notes: Sequence[TableNote] = []
        free: set[str] = set()
        if translated.dml == "INSERT" and translated.target is not None:
            schema, name = translated.target
            notes = self._database.notes.of_table(schema or self._state.schema, name)
            free = self._database.free_columns((schema or self._state.schema, name))
        return prepare_insert(writer.connection, sql, values, notes, free)

    def _violation_mapper(self, statement: DuckStatement) -> ErrorMapper:
        """Map DuckDB's errors to Oracle's, with the names of constraints."""
        target = statement.translated.target
        if target is None:
            return statement.ora_error
        schema, name = target
        table = Table(self._database.catalog, schema or self._state.schema, name)
        violations = Violations(
            self._connections.connect,
            table,
            self._database.notes.of_table,
            statement.translated.dml,
        )

        def explain(error: duckdb.Error) -> OraError:
            named = None
            if isinstance(error, duckdb.ConstraintException):
                named = violations.explain(str(error))
            return named or statement.ora_error(error)

        return explain
