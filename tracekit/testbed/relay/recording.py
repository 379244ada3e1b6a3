"""What passes the relay, kept as a shape: statistics of every query, and every other statement."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from tracekit.errors import ConfigError, TracekitError
from tracekit.localdb.backend import BindType, StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import OracleType
from tracekit.process_memory import resident_bytes
from tracekit.records.shape import BindShape, KeySpace, QueryShape, Shape, StatementShape
from tracekit.sqltext import BoundKeys, bound_keys, statement_sha256, without_literals
from tracekit.sqltext.lexer import Token, TokenKind, UnendedQuote, scan
from tracekit.testbed.relay.columns import Described
from tracekit.testbed.relay.result import Watch
from tracekit.testbed.relay.statement import PassedStatement
from tracekit.workloads.shapes import ShapeRecorder, described_column

_log = logging.getLogger(__name__)

_KINDS = {
    StatementKind.QUERY: "query",
    StatementKind.DML: "change",
    StatementKind.DDL: "definition",
    StatementKind.PLSQL: "block",
    StatementKind.OTHER: "session",
}
_APPLICATION_ERRORS = range(20_000, 21_000)
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_IDENTIFIER = re.compile(r"[^\W\d][\w$# ]*")
_GROUPED_KEYS = 1_000
_MOST_STATEMENTS = 10_000
_MOST_COUNTS = 10_000
"""Row counts of one statement that are kept one by one."""


class Recording:
    """Gathers what a program does; safe to share between its sessions.

    Args:
        keys: the columns that may be keys; empty for those that a statement has a list of binds
            for.
        most_bytes: resident memory of this process above which no further query is recorded;
            those that are go on.
    """

    def __init__(self, keys: Collection[str] = (), *, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._keys = frozenset(key.upper() for key in keys)
        self._lock = threading.Lock()
        self._queries: dict[str, RecordedQuery] = {}
        self._statements: dict[tuple[str, int | None], _Counted] = {}
        self._remarks: dict[str, None] = {}
        self.server: str | None = None
        """Version of the database."""

    def query(
        self,
        statement: PassedStatement,
        columns: Sequence[Described],
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> Watch:
        """A query was executed; its rows go to what is returned."""
        sha256 = statement_sha256(statement.sql)
        with self._lock:
            recorded = self._queries.get(sha256)
            if recorded is None and not self._is_full():
                recorded = self._begin(statement, columns, sha256)
                self._queries[sha256] = recorded
        if recorded is None:
            self.remark(
                f"there were more different queries than the relay has memory for; only the first "
                f"{len(self._queries):,} are recorded. Binds instead of literals make them one"
            )
            return Unwatched()
        return recorded.execution(statement, columns, row, kinds)

    def opened(self, statement: PassedStatement) -> Watch:
        """A block opened a cursor, whose rows are not recorded."""
        self.remark(
            "rows of cursors that PL/SQL opens are not recorded, so a replay refuses "
            f"{without_literals(statement.sql)}"
        )
        return Unwatched()

    def changed(self, statement: PassedStatement, row_count: int) -> None:
        """A statement without rows was carried out."""
        with self._lock:
            counted = self._counted(statement, None)
            if counted is None:
                return
            counted.executions += 1
            if statement.kind is StatementKind.DML and len(counted.row_counts) < _MOST_COUNTS:
                counted.row_counts.append(row_count)

    def failed(self, statement: PassedStatement, error: OraError) -> None:
        """A statement failed, or the reading of its rows."""
        with self._lock:
            counted = self._counted(statement, error)
            if counted is not None:
                counted.executions += 1

    def remark(self, text: str) -> None:
        """Something could not be recorded."""
        with self._lock:
            self._remarks.setdefault(text)

    def remarks(self) -> tuple[str, ...]:
        """What could not be recorded, or is not whole."""
        with self._lock:
            queries = list(self._queries.values())
            said = list(self._remarks)
        return (*said, *(remark for query in queries for remark in query.remarks()))

    def shape(self) -> Shape:
        """What passed so far."""
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
    """A statement without rows, or a failure of one."""

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
            error_message=_told(self._error) if self._error else None,
            executions=self.executions,
        )


class RecordedQuery:
    """One query, over all its executions.

    Args:
        name: in the shape.
        statement: as it was first sent.
        columns: of its result.
        sha256: the statement's.
        keys: the columns that may be keys; empty for any.
        remark: is told what could not be recorded.
    """

    def __init__(
        self,
        name: str,
        statement: PassedStatement,
        columns: Sequence[Described],
        sha256: str,
        keys: Collection[str],
        remark: Any,
    ) -> None:
        self.name = name
        self._statement = statement
        self._columns = list(columns)
        self._sha256 = sha256
        self._named = keys
        self._remark = remark
        self._lock = threading.Lock()
        self._binds: tuple[BindShape, ...] = ()
        self._executions = self._running = self._unread = self._failed = 0
        self._asked: dict[Any, None] = {}
        self._recorder: ShapeRecorder | None = None
        titles = [column.name for column in columns]
        doubled = next((title for title in titles if titles.count(title) > 1), None)
        found = bound_keys(statement.sql, titles, keys)
        self.key = found.columns if found else tuple(key for key in titles if key in keys)
        if doubled is not None:
            self._give_up(ConfigError(f"it selects two columns named {doubled}; give one an alias"))
            return
        try:
            names = _names_without_literals([column.name for column in columns])
            described = [
                replace(described_column(column), name=name)
                for column, name in zip(columns, names, strict=True)
            ]
            self._recorder = ShapeRecorder(name, described, key=self.key)
        except TracekitError as error:
            self._give_up(error)

    def execution(
        self,
        statement: PassedStatement,
        columns: Sequence[Described],
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> Watch:
        """One execution begins, with these bind values."""
        if list(columns) != self._columns:
            self._remark(
                f"query {self.name!r} was executed again with other columns; those executions are "
                "not recorded"
            )
            return Unwatched()
        found = bound_keys(statement.sql, [column.name for column in columns], self._named)
        with self._lock:
            if self._recorder is None:
                return Unwatched()
            if not self._executions:
                self._binds = _bind_shapes(statement, kinds, found)
            self._executions += 1
            if found is not None:
                self._ask([key for key in found.values(row) if _is_whole(key)])
            self._running += 1
        return Execution(self)

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Count rows, given column by column."""
        with self._lock:
            if self._recorder is None:
                return
            try:
                self._recorder.add_rows(list(zip(*columns, strict=True)))
            except TracekitError as error:
                self._give_up(error)
            except Exception as error:
                _log.exception("recording query %s failed", self.name)
                self._give_up(error)

    def end(self, *, partial: bool) -> None:
        """An execution was read."""
        with self._lock:
            self._running -= 1
            self._unread += partial
            if self._recorder is not None and not self._asked:
                self._recorder.end_statement()

    def failed(self) -> None:
        """Reading an execution failed."""
        with self._lock:
            self._failed += 1

    def _ask(self, keys: Sequence[Any]) -> None:
        """Count the keys of an execution that begins.

        Executions of few keys, and those that run at once, are one statement to the recorder,
        until a key comes again.
        """
        many = len(self._asked) >= _GROUPED_KEYS
        if not self._running and (many or not self._asked.keys().isdisjoint(keys)):
            self._end_group()
        self._asked.update(dict.fromkeys(keys))

    def _end_group(self) -> None:
        if self._asked and self._recorder is not None:
            self._recorder.begin_statement(self._asked)
            self._recorder.end_statement()
            self._asked = {}

    def asked(self) -> Any:
        """The recorder's keys, for comparing key spaces."""
        return self._recorder.keys if self._recorder is not None else None

    def remarks(self) -> list[str]:
        """What is not whole."""
        if not self._unread:
            return []
        text = f"query {self.name!r} was not read to its end"
        if self._unread == self._executions:
            return [f"{text}; a replay of its shape refuses to read past the rows that passed"]
        return [f"{text} {self._unread:,} of {self._executions:,} times; those count as they came"]

    def shape(self) -> QueryShape | None:
        """Its statistics; None where it could not be recorded."""
        with self._lock:
            if self._recorder is None:
                return None
            self._end_group()
            shape = self._recorder.shape(
                without_literals(self._statement.sql), self._sha256, binds=self._binds
            )
            return replace(
                shape,
                executions=self._executions - self._failed,
                keys_per_statement=round(shape.keys_asked / self._executions, 1)
                if shape.keys_per_statement is not None
                else None,
                partial=self._unread == self._executions,
            )

    def _give_up(self, error: Exception) -> None:
        self._recorder = None
        self._remark(f"query {self.name!r} is not recorded: {error}")


class Execution:
    """One execution of a recorded query, whose rows are shown to it."""

    def __init__(self, query: RecordedQuery) -> None:
        self._query = query

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """Rows that pass."""
        self._query.add(columns)

    def failed(self) -> None:
        """Reading failed."""
        self._query.failed()

    def end(self, *, partial: bool) -> None:
        """No more rows pass."""
        self._query.end(partial=partial)


class Unwatched:
    """Rows that nobody looks at."""

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """They pass."""

    def failed(self) -> None:
        """Reading failed."""

    def end(self, *, partial: bool) -> None:
        """No more pass."""


def _names_without_literals(names: Sequence[str]) -> list[str]:
    """Column names; that of an expression without an alias is its text, literals and all."""
    shown: list[str] = []
    for name in names:
        plain = name if _IDENTIFIER.fullmatch(name) else without_literals(name).replace(" ", "")
        told, number = plain, 1
        while plain != name and told in shown:
            number += 1
            told = f"{plain}_{number}"
        shown.append(told)
    return shown


def _is_whole(key: Any) -> bool:
    """Whether no part of a key is NULL, which finds nothing."""
    return all(part is not None for part in (key if isinstance(key, tuple) else (key,)))


def _bind_shapes(
    statement: PassedStatement, kinds: Sequence[BindType], keys: BoundKeys | None
) -> tuple[BindShape, ...]:
    """The placeholders, a list of keys as its first one."""
    places = {place for key in keys.places for place in key} if keys else set()
    first = set(keys.places[0]) if keys else set()
    return tuple(
        BindShape(name, _type_name(kind), is_key=place in places)
        for place, (name, kind) in enumerate(zip(statement.bind_names, kinds, strict=False))
        if place not in places or place in first
    )


def _type_name(kind: BindType) -> str:
    name = OracleType(kind.type).name
    national = {"VARCHAR2": "NVARCHAR2", "CHAR": "NCHAR", "CLOB": "NCLOB"}
    name = national.get(name, name) if kind.charset_form == 2 else name
    return {
        "TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP_LTZ": "TIMESTAMP WITH LOCAL TIME ZONE",
        "INTERVAL_DS": "INTERVAL DAY TO SECOND",
        "INTERVAL_YM": "INTERVAL YEAR TO MONTH",
        "LONG_RAW": "LONG RAW",
    }.get(name, name)


def _told(error: OraError) -> str | None:
    """Oracle's text for the error; an application's own text may hold values."""
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
    """Every space, with all keys that its queries asked for together."""
    spaces: dict[str, set[int]] = {}
    for shape in shapes:
        if shape.key_space is None:
            continue
        tally = queries[shape.name].asked()
        held = spaces.setdefault(shape.key_space, set())
        held.update(tally.asked.tolist())
        held.update(tally.found.tolist())
    return tuple(KeySpace(name, len(keys)) for name, keys in spaces.items())
