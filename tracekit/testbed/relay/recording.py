"""Records a relay's traffic as a shape: statistics of queries, and all other statements."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Sequence
from typing import Any

from tracekit.localdb.backend import BindType, StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.process_memory import resident_bytes
from tracekit.records.shape import KeySpace, QueryShape, Shape, StatementShape
from tracekit.sqltext import statement_sha256, without_literals
from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, scan
from tracekit.testbed.relay.columns import Described
from tracekit.testbed.relay.recorded_query import RecordedQuery, Unwatched
from tracekit.testbed.relay.result import Watch
from tracekit.testbed.relay.statement import PassedStatement

_KINDS = {
    StatementKind.QUERY: "query",
    StatementKind.DML: "change",
    StatementKind.DDL: "definition",
    StatementKind.PLSQL: "block",
    StatementKind.OTHER: "session",
}
_APPLICATION_ERRORS = range(20_000, 21_000)
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_MOST_STATEMENTS = 10_000
_MOST_COUNTS = 10_000
"""The number of row counts of one statement that are kept individually."""


class Recording:
    """Records what a program does; thread-safe.

    Args:
        keys: The columns that can be keys; empty for those with a list of binds.
        most_bytes: The resident memory of this process above which no new query is recorded.
            Recording of earlier ones continues.
    """

    def __init__(self, keys: Collection[str] = (), *, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._keys = frozenset(key.upper() for key in keys)
        self._lock = threading.Lock()
        self._queries: dict[str, RecordedQuery] = {}
        self._statements: dict[tuple[str, int | None], _Counted] = {}
        self._remarks: dict[str, None] = {}
        self.server: str | None = None
        """The version of the database."""

    def query(
        self,
        statement: PassedStatement,
        columns: Sequence[Described],
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> Watch:
        """A query was executed; the returned `Watch` observes its rows."""
        sha256 = statement_sha256(statement.sql)
        with self._lock:
            recorded = self._queries.get(sha256)
            if recorded is None and not self._is_full():
                recorded = self._begin(statement, columns, sha256)
                self._queries[sha256] = recorded
        if recorded is None:
            self.remark(
                f"there were more different queries than fit in the relay's memory; only the first "
                f"{len(self._queries):,} are recorded. Use binds instead of literals"
            )
            return Unwatched()
        return recorded.execution(statement, columns, row, kinds)

    def opened(self, statement: PassedStatement) -> Watch:
        """A block opened a cursor, whose rows are not recorded."""
        self.remark(
            "rows of cursors opened in PL/SQL are not recorded, so a replay refuses "
            f"{without_literals(statement.sql)}"
        )
        return Unwatched()

    def changed(self, statement: PassedStatement, row_count: int) -> None:
        """A statement without rows was executed."""
        with self._lock:
            counted = self._counted(statement, None)
            if counted is None:
                return
            counted.executions += 1
            if statement.kind is StatementKind.DML and len(counted.row_counts) < _MOST_COUNTS:
                counted.row_counts.append(row_count)

    def failed(self, statement: PassedStatement, error: OraError) -> None:
        """A statement failed, or reading its rows failed."""
        with self._lock:
            counted = self._counted(statement, error)
            if counted is not None:
                counted.executions += 1

    def remark(self, text: str) -> None:
        """Note that something could not be recorded."""
        with self._lock:
            self._remarks.setdefault(text)

    def remarks(self) -> tuple[str, ...]:
        """What could not be recorded, or is incomplete."""
        with self._lock:
            queries = list(self._queries.values())
            said = list(self._remarks)
        return (*said, *(remark for query in queries for remark in query.remarks()))

    def shape(self) -> Shape:
        """The shape of the traffic so far."""
        with self._lock:
            queries = list(self._queries.values())
            statements = tuple(one.shape() for one in self._statements.values())
        shapes = tuple(shape for query in queries if (shape := query.shape()) is not None)
        return Shape(
            queries=shapes,
            statements=statements,
            key_spaces=_key_spaces(shapes, {query.name: query for query in queries}),
            server=self.server,
        )

    def _is_full(self) -> bool:
        return self._most_bytes is not None and resident_bytes() > self._most_bytes

    def _begin(
        self, statement: PassedStatement, columns: Sequence[Described], sha256: str
    ) -> RecordedQuery:
        base = name = _name_of(statement.sql)
        taken = {query.name for query in self._queries.values()}
        number = 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        return RecordedQuery(name, statement, columns, sha256, self._keys, self.remark)

    def _counted(self, statement: PassedStatement, error: OraError | None) -> _Counted | None:
        key = (statement_sha256(statement.sql), error.number if error else None)
        if key not in self._statements:
            if len(self._statements) >= _MOST_STATEMENTS:
                self._remarks.setdefault(
                    f"there were more than {_MOST_STATEMENTS:,} different statements without "
                    "rows; only the first ones are recorded"
                )
                return None
            self._statements[key] = _Counted(statement, error)
        return self._statements[key]


class _Counted:
    """A statement without rows, or a failed one."""

    def __init__(self, statement: PassedStatement, error: OraError | None) -> None:
        self._statement = statement
        self._error = error
        self.executions = 0
        self.row_counts: list[int] = []

    def shape(self) -> StatementShape:
        counts = self.row_counts
        return StatementShape(
            kind=_KINDS[self._statement.kind],
            statement=without_literals(self._statement.sql),
            statement_sha256=statement_sha256(self._statement.sql),
            row_count=counts[-1] if counts else None,
            row_counts=tuple(counts) if len(set(counts)) > 1 else (),
            error_code=self._error.number if self._error else None,
            error_message=_public_text(self._error) if self._error else None,
            executions=self.executions,
        )


def _public_text(error: OraError) -> str | None:
    """Oracle's text for the error; None for an application's own, which can contain values."""
    if error.number in _APPLICATION_ERRORS:
        return None
    first = error.text.splitlines()[0] if error.text else ""
    return re.sub(r"\"[^\"]*\"|'[^']*'|\([^)]*\)|\d+", "?", first)


def _name_of(sql: str) -> str:
    """A name for a query: the first table it reads, or `query`."""
    tokens: list[Token] = []
    try:
        for token in scan(sql):
            tokens.append(token)  # noqa: PERF402 - what came before an error is kept
    except UnendedQuote:
        pass
    for place, token in enumerate(tokens[:-1]):
        if token.is_word("FROM") and tokens[place + 1].kind in _NAMES:
            at = place + 1
            while at + 2 < len(tokens) and tokens[at + 1].text == ".":
                at += 2
            return re.sub(r"[^a-z0-9_]+", "_", tokens[at].name.lower()).strip("_") or "query"
    return "query"


def _key_spaces(
    shapes: Sequence[QueryShape], queries: dict[str, RecordedQuery]
) -> tuple[KeySpace, ...]:
    """All key spaces, with the number of keys that their queries requested together."""
    spaces: dict[str, set[int]] = {}
    for shape in shapes:
        if shape.key_space is None:
            continue
        tally = queries[shape.name].asked()
        held = spaces.setdefault(shape.key_space, set())
        held.update(tally.asked.tolist())
        held.update(tally.found.tolist())
    return tuple(KeySpace(name, len(keys)) for name, keys in spaces.items())
