"""A small real backend over canned data, so that the protocol can be tested without DuckDB.

Statements are words: `select rows :n`, `select wait [late]`, `select fail :n`, `insert ...`,
`begin ...`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tracekit.localdb.backend import (
    NOTHING,
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    StatementKind,
)
from tracekit.localdb.ora_error import OraError, RowFailure
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_lob import LobKeeper

COLUMNS = (
    ColumnDescription("ID", OracleType.NUMBER, precision=18, buffer_bytes=22),
    ColumnDescription("NAME", OracleType.VARCHAR2, 0, 0, 32767, 32767, 1),
    ColumnDescription("QTY", OracleType.NUMBER, precision=12, scale=2, buffer_bytes=22),
    ColumnDescription("AT", OracleType.DATE, buffer_bytes=7),
)
START = datetime(2026, 1, 1)
CANCELLED = "user requested cancel of current operation"
WAIT_SECONDS = 30.0


def expected_rows(count: int) -> list[tuple[Any, ...]]:
    """What `select rows` of `count` gives a client."""
    return [_row(i) for i in range(count)]


def _row(i: int) -> tuple[Any, ...]:
    return (
        i,
        None if i % 7 == 0 else f"工單-{i}" * (1 + (i % 50 == 1) * 60),
        None if i % 5 == 0 else i / 4 if i % 4 else i // 4,
        START + timedelta(seconds=i),
    )


def _encode(start: int, end: int) -> EncodedRows:
    rows = [_row(i) for i in range(start, end)]
    quantities = [None if row[2] is None else Decimal(str(row[2])) for row in rows]
    batch = pa.record_batch(
        [
            pa.array([row[0] for row in rows], pa.int64()),
            pa.array([row[1] for row in rows], pa.string()),
            pa.array(quantities, pa.decimal128(12, 2)),
            pa.array([row[3] for row in rows], pa.timestamp("s")),
        ],
        names=[column.name for column in COLUMNS],
    )
    (encoded,) = encode_rows(batch, COLUMNS)
    return encoded


@dataclass(frozen=True)
class CannedStatement:
    """A statement by its words."""

    sql: str

    @property
    def kind(self) -> StatementKind:
        word = self.sql.split()[0].lower()
        kinds = {
            "select": StatementKind.QUERY,
            "begin": StatementKind.PLSQL,
            "create": StatementKind.DDL,
            "alter": StatementKind.OTHER,
        }
        return kinds.get(word, StatementKind.DML)

    @property
    def bind_names(self) -> Sequence[str]:
        return ()


class CannedResult:
    """Rows in batches of 700; fails or waits where the statement says so."""

    columns = COLUMNS

    def __init__(self, session: CannedSession, count: int, *, fails_at: int = -1) -> None:
        self._session = session
        self._count = count
        self._fails_at = fails_at
        self._at = 0
        self.closed = False

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        raise AssertionError("no column is a LOB")

    def next_batch(self) -> EncodedRows | None:
        if self._at >= self._count:
            return None
        if 0 <= self._fails_at <= self._at:
            raise OraError(1555, "snapshot too old")
        start, self._at = self._at, min(self._count, self._at + 700)
        return _encode(start, self._at)

    def close(self) -> None:
        self.closed = True
        self._session.open_results.discard(self)


@dataclass
class CannedSession:
    """Counts what it is asked."""

    schema: str
    executed: list[tuple[str, Sequence[Sequence[Any]], Sequence[BindType]]] = field(
        default_factory=list
    )
    open_results: set[CannedResult] = field(default_factory=set)
    in_transaction: bool = False
    closed: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)
    spool_folder: Path | None = None
    _interrupted: threading.Event = field(default_factory=threading.Event)

    def prepare(self, sql: str) -> CannedStatement:
        if "nowhere" in sql:
            raise OraError(942, "table or view does not exist", position=sql.index("nowhere"))
        return CannedStatement(sql)

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        return COLUMNS

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        assert isinstance(statement, CannedStatement)
        self.executed.append((statement.sql, bind_rows, bind_types))
        if "wait" in statement.sql:
            self._wait(late="late" in statement.sql)
        if "crash" in statement.sql:
            raise ZeroDivisionError("-".join(("secret", "value")))
        if statement.kind is StatementKind.QUERY:
            return ExecuteOutcome(self._query(statement.sql, bind_rows[0]))
        if statement.kind is not StatementKind.DML:
            return ExecuteOutcome()
        return self._change(bind_rows, go_on=go_on)

    def commit(self) -> None:
        self.in_transaction = False

    def rollback(self) -> None:
        self.in_transaction = False

    @property
    def current_schema(self) -> str:
        return self.schema

    def set_current_schema(self, schema: str) -> None:
        self.schema = schema

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        self.attributes = dict(attributes)

    def interrupt(self) -> None:
        self._interrupted.set()

    def close(self) -> None:
        self.closed = True

    def _query(self, sql: str, row: Sequence[Any]) -> CannedResult:
        count = int(row[0]) if row else 10
        result = CannedResult(self, count, fails_at=1400 if "fail" in sql else -1)
        self.open_results.add(result)
        return result

    def _change(self, bind_rows: Sequence[Sequence[Any]], *, go_on: bool) -> ExecuteOutcome:
        error = OraError(1, "unique constraint violated")
        bad = [index for index, row in enumerate(bind_rows) if "bad" in row]
        if bad and not go_on:
            raise error
        self.in_transaction = True
        counts = [0 if index in bad else len(row) for index, row in enumerate(bind_rows)]
        failures = [RowFailure(index, error) for index in bad]
        return ExecuteOutcome(row_count=sum(counts), row_counts=counts, failures=failures)

    def _wait(self, *, late: bool) -> None:
        """Run until interrupted, forgetting earlier interrupts as DuckDB does.

        With `late` one comes for certain just before the query runs.
        """
        self.waiting.set()
        if late:
            self._interrupted.wait(WAIT_SECONDS)
        self._interrupted.clear()
        if not self._interrupted.wait(WAIT_SECONDS):
            raise OraError(600, "nobody interrupted")
        self.waiting.clear()
        raise OraError(1013, CANCELLED)


@dataclass
class CannedBackend:
    """Keeps its sessions for the tests to look at."""

    banner: str = "local Oracle (canned)"
    sessions: list[CannedSession] = field(default_factory=list)

    def has_clone(self, name: str) -> bool:
        return False

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> CannedSession:
        session = CannedSession(schema)
        self.sessions.append(session)
        return session

    def close(self) -> None:
        for session in self.sessions:
            session.close()
