"""A client's session with the relay; its statements run on a connection to the real database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import duckdb
import oracledb

from tracekit.localdb.backend import (
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    ReturnedColumns,
    StatementKind,
)
from tracekit.localdb.duck.result import EncodedStream
from tracekit.localdb.ora_error import OraError, RowFailure
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.testbed.relay import binds
from tracekit.testbed.relay.columns import Described, PassedColumn
from tracekit.testbed.relay.result import FIRST_ROWS, UpstreamRows, Watch, first_rows
from tracekit.testbed.relay.statement import PassedStatement
from tracekit.testbed.relay.upstream import Upstream, ora_error

_NEVER_CONNECTED = 3114
_SETS_ZONE_AT_LOGIN = "ALTER SESSION SET TIME_ZONE"


class Observer(Protocol):
    """Observes the traffic."""

    def query(
        self,
        statement: PassedStatement,
        columns: Sequence[Described],
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> Watch:
        """A query was executed; the returned `Watch` observes its rows."""

    def opened(self, statement: PassedStatement) -> Watch:
        """A block opened a cursor; the returned `Watch` observes its rows."""

    def changed(self, statement: PassedStatement, row_count: int) -> None:
        """Another statement was executed."""

    def failed(self, statement: PassedStatement, error: OraError) -> None:
        """A statement failed, or reading its rows failed."""


class RelaySession:
    """Runs a client's statements one to one on a connection of its own.

    Args:
        connect: Opens the connection; called once, at the first call.
        schema: The schema reported to the client until it sets another.
        observer: Observes the traffic.
    """

    def __init__(self, connect: Callable[[], Upstream], schema: str, observer: Observer) -> None:
        self._connect = connect
        self._connected: Upstream | None = None
        self._refused: OraError | None = None
        self._schema = schema
        self._observer = observer
        self._streams: set[EncodedStream] = set()
        self.closed = False

    @property
    def spool_folder(self) -> Path | None:
        """None: the system's folder."""
        return None

    @property
    def current_schema(self) -> str:
        """The schema for unqualified names."""
        connection = self._connected.connection if self._connected else None
        return (connection.current_schema if connection else None) or self._schema

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work."""
        if self._connected is None:
            return False
        try:
            return bool(self._connected.connection.transaction_in_progress)
        except oracledb.Error:  # the connection is closed
            return False

    def prepare(self, sql: str) -> PassedStatement:
        """Wrap a statement; the database reports its errors when it is executed."""
        return PassedStatement(sql)

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns of a query, without running it.

        Raises:
            OraError: the database refused it.
        """
        upstream = self._upstream()
        with upstream.call(), upstream.connection.cursor() as cursor:
            cursor.parse(_own(statement).sql)
            described = [Described.of(info) for info in cursor.description or ()]
        return [PassedColumn(info).description for info in described]

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        """Run a statement on the real database.

        Raises:
            OraError: the database's error.
        """
        passed = _own(statement)
        is_login = self._connected is None and passed.sql.startswith(_SETS_ZONE_AT_LOGIN)
        rows = bind_rows or ((),)
        try:
            if passed.kind is StatementKind.QUERY:
                return ExecuteOutcome(result=self._query(passed, rows[0], bind_types))
            if passed.kind is StatementKind.PLSQL:
                outcome = self._run_block(passed, rows, bind_types)
            else:
                outcome = self._change(passed, rows, bind_types, go_on=go_on)
        except OraError as error:
            self._observer.failed(passed, error)
            raise
        if not is_login:  # the client's driver sends it by itself
            self._observer.changed(passed, outcome.row_count)
        return outcome

    def commit(self) -> None:
        """Commit the transaction."""
        self._call(lambda connection: connection.commit())

    def rollback(self) -> None:
        """Roll back the transaction."""
        if self._connected is not None:
            self._call(lambda connection: connection.rollback())

    def set_current_schema(self, schema: str) -> None:
        """Set the schema for unqualified names."""
        self._call(lambda connection: setattr(connection, "current_schema", schema))

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Pass the client's attributes to the database."""
        names = {
            "MODULE": "module",
            "ACTION": "action",
            "CLIENT_IDENTIFIER": "client_identifier",
            "CLIENT_INFO": "clientinfo",
        }
        for name, value in attributes.items():
            if name.upper() in names:
                self._call(partial(_set, name=names[name.upper()], value=value))

    def interrupt(self) -> None:
        """Interrupt a call that runs in another thread; it raises ORA-01013."""
        if self._connected is not None:
            self._connected.interrupt()
        for stream in list(self._streams):
            stream.interrupt()

    def close(self) -> None:
        """Close the session on the real database, including open results."""
        self.closed = True
        for stream in list(self._streams):
            stream.close()
        if self._connected is not None:
            self._connected.close()

    def _upstream(self) -> Upstream:
        if self._refused is not None:
            raise self._refused
        if self._connected is None:
            try:
                self._connected = self._connect()
            except OraError as error:
                self._refused = OraError(
                    _NEVER_CONNECTED,
                    f"not connected to ORACLE: the relay's own connection failed: {error}",
                )
                raise self._refused from error
        return self._connected

    def _call(self, use: Callable[[oracledb.Connection], None]) -> None:
        upstream = self._upstream()
        with upstream.call():
            use(upstream.connection)

    def _query(
        self, statement: PassedStatement, row: Sequence[Any], kinds: Sequence[BindType]
    ) -> EncodedStream:
        upstream = self._upstream()
        cursor, described = _fetching_cursor(upstream.connection)
        try:
            with upstream.call():
                cursor.setinputsizes(*binds.sizes(cursor, [row], kinds))
                values = [binds.driver_value(upstream.connection, one) for one in row]
                cursor.execute(statement.sql, values)
            columns = [PassedColumn(info) for info in described]
        except OraError:
            cursor.close()
            raise
        watch = self._observer.query(statement, described, row, kinds)
        return self._stream(statement, cursor, columns, watch)

    def _stream(
        self,
        statement: PassedStatement,
        cursor: oracledb.Cursor,
        columns: Sequence[PassedColumn],
        watch: Watch,
    ) -> EncodedStream:
        cursor.arraysize = first_rows(columns)
        source = UpstreamRows(
            self._upstream(), cursor, columns, watch, partial(self._observer.failed, statement)
        )
        descriptions = [column.description for column in columns]
        stream = EncodedStream(source, descriptions, _no_duckdb, self._streams.discard)
        self._streams.add(stream)
        return stream

    def _change(
        self,
        statement: PassedStatement,
        rows: Sequence[Sequence[Any]],
        kinds: Sequence[BindType],
        *,
        go_on: bool,
    ) -> ExecuteOutcome:
        upstream = self._upstream()
        many = len(rows) > 1 or go_on
        sent = len(kinds) - statement.returned
        with upstream.call(), upstream.connection.cursor() as cursor:
            filled = [binds.variable(cursor, kind, rows=len(rows)) for kind in kinds[sent:]]
            given = [
                [binds.driver_value(upstream.connection, one) for one in row[:sent]] for row in rows
            ]
            if kinds:
                cursor.setinputsizes(*binds.sizes(cursor, given, kinds[:sent]), *filled)
            if many:
                is_change = statement.kind is StatementKind.DML
                cursor.executemany(
                    statement.sql, given, batcherrors=go_on, arraydmlrowcounts=is_change
                )
                counts = cursor.getarraydmlrowcounts() if is_change else ()
            else:
                cursor.execute(statement.sql, [*given[0], *filled])
                counts = [cursor.rowcount]
            failures = [
                RowFailure(error.offset, ora_error(oracledb.DatabaseError(error)))
                for error in (cursor.getbatcherrors() or () if go_on else ())
            ]
            returned = _returned(filled, kinds[sent:], len(rows))
            return ExecuteOutcome(
                row_count=max(0, cursor.rowcount),
                row_counts=counts,
                returned=returned,
                failures=failures,
            )

    def _run_block(
        self,
        statement: PassedStatement,
        rows: Sequence[Sequence[Any]],
        kinds: Sequence[BindType],
    ) -> ExecuteOutcome:
        upstream = self._upstream()
        filled: dict[int, Any] = {}
        for row in rows:
            with upstream.call(), upstream.connection.cursor() as cursor:
                opened = {
                    place: _fetching_cursor(upstream.connection)
                    for place, kind in enumerate(kinds)
                    if kind.type is OracleType.CURSOR
                }
                variables = [
                    binds.variable(
                        cursor,
                        kind,
                        opened[place][0]
                        if place in opened
                        else binds.driver_value(upstream.connection, value),
                    )
                    for place, (kind, value) in enumerate(zip(kinds, row, strict=True))
                ]
                cursor.execute(statement.sql, variables)
                filled = {
                    place: binds.field(variable.getvalue(), kind)
                    for place, (variable, kind) in enumerate(zip(variables, kinds, strict=True))
                    if place not in opened and not isinstance(row[place], list)
                }
            for place, (own, described) in opened.items():
                columns = [PassedColumn(info) for info in described]
                watch = self._observer.opened(statement)
                filled[place] = self._stream(statement, own, columns, watch)
        return ExecuteOutcome(filled=filled)


def _fetching_cursor(connection: oracledb.Connection) -> tuple[oracledb.Cursor, list[Described]]:
    """A cursor that fetches in forms that the relay can pass on, and the columns if known."""
    cursor = connection.cursor()
    described: list[Described] = []

    def fetch_as(cursor: oracledb.Cursor, info: oracledb.FetchInfo) -> Any:
        described.append(Described.of(info))
        return described[-1].variable(cursor)

    cursor.outputtypehandler = fetch_as
    cursor.prefetchrows = cursor.arraysize = FIRST_ROWS
    return cursor, described


def _returned(
    filled: Sequence[Any], kinds: Sequence[BindType], row_count: int
) -> list[ReturnedColumns]:
    if not filled:
        return []
    return [
        [
            [binds.field(value, kind) for value in variable.getvalue(place) or ()]
            for variable, kind in zip(filled, kinds, strict=True)
        ]
        for place in range(row_count)
    ]


def _set(connection: oracledb.Connection, name: str, value: str) -> None:
    setattr(connection, name, value)


def _own(statement: PreparedStatement) -> PassedStatement:
    assert isinstance(statement, PassedStatement)
    return statement


def _no_duckdb(error: duckdb.Error) -> OraError:
    return OraError(600, f"internal error code, arguments: [{type(error).__name__}]")
