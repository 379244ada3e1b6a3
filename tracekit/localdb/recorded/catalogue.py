"""The recorded statements in a file made from a shape, in its schema TRACEKIT_SHAPE."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from tracekit.sqltext import without_literals

SCHEMA = "TRACEKIT_SHAPE"
ORDINAL = "_ORDINAL"
_ALIKE = 0.6
_SHOWN_CHARS = 160


@dataclass(frozen=True)
class RecordedQuery:
    """A recorded query, and the table that answers it."""

    name: str
    table: str
    statement: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    keys_table: str | None
    partial: bool
    executions: int


@dataclass(frozen=True)
class RecordedStatement:
    """A recorded statement without rows."""

    kind: str
    statement: str
    row_counts: tuple[int, ...]
    """The row counts of successive executions; the last one is used for all later ones."""
    executions: int


@dataclass(frozen=True)
class RecordedError:
    """A recorded error of a statement."""

    number: int
    message: str
    executions: int


@dataclass
class Recorded:
    """What was recorded about a statement, and how often it has run since the server started."""

    query: RecordedQuery | None = None
    statement: RecordedStatement | None = None
    error: RecordedError | None = None
    _executions: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_execution(self) -> int:
        """The number of the next execution, starting with 0."""
        with self._lock:
            self._executions += 1
            return self._executions - 1

    @property
    def successes(self) -> int:
        """The number of recorded executions without an error."""
        return (self.query.executions if self.query else 0) + (
            self.statement.executions if self.statement else 0
        )


class Catalogue:
    """The recorded statements, by their hashes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._by_hash: dict[str, Recorded] = {}
        for (
            name,
            table,
            sha256,
            statement,
            key,
            keys_table,
            partial,
            executions,
        ) in connection.execute(
            "SELECT name, table_name, statement_sha256, statement, key_columns,"  # noqa: S608 (a constant)
            " keys_table,"
            f" partial, executions FROM {SCHEMA}.QUERIES"
        ).fetchall():
            columns = connection.execute(f'DESCRIBE {SCHEMA}."{table}"').fetchall()
            self._of(sha256).query = RecordedQuery(
                name,
                table,
                statement,
                tuple(column for column, *_ in columns if column != ORDINAL),
                tuple(key or ()),
                keys_table,
                bool(partial),
                1 if executions is None else int(executions),
            )
        for kind, statement, sha256, count, counts, code, message, executions in connection.execute(
            "SELECT kind, statement, statement_sha256, row_count, row_counts,"  # noqa: S608 (a constant)
            " error_code,"
            f" error_message, executions FROM {SCHEMA}.STATEMENTS"
        ).fetchall():
            if code is not None:
                said = message or "the application's own error; its text was not recorded"
                self._of(sha256).error = RecordedError(code, said, executions)
            else:
                made = tuple(counts or ()) or ((count,) if count is not None else ())
                self._of(sha256).statement = RecordedStatement(kind, statement, made, executions)

    def queries(self) -> Iterable[RecordedQuery]:
        """All recorded queries."""
        return (one.query for one in self._by_hash.values() if one.query is not None)

    def find(self, sha256: str) -> Recorded | None:
        """What was recorded about the statement with this hash."""
        return self._by_hash.get(sha256)

    def nearest(self, sql: str) -> str | None:
        """The recorded statement most similar to `sql`, shortened; None if none is similar."""
        asked = without_literals(sql)
        known = dict.fromkeys(self._texts())
        if asked in known:
            return _shown(asked)
        found = difflib.get_close_matches(asked, known, n=1, cutoff=_ALIKE)
        return _shown(found[0]) if found else None

    def _texts(self) -> Iterable[str]:
        for recorded in self._by_hash.values():
            if recorded.query is not None:
                yield recorded.query.statement
            elif recorded.statement is not None:
                yield recorded.statement.statement

    def _of(self, sha256: str) -> Recorded:
        return self._by_hash.setdefault(sha256, Recorded())


def _shown(statement: str) -> str:
    return statement if len(statement) <= _SHOWN_CHARS else f"{statement[:_SHOWN_CHARS]} …"
