"""The shape of one query, recorded over all its executions."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from tracekit.errors import ConfigError, TracekitError
from tracekit.localdb.backend import BindType
from tracekit.localdb.wire.column import OracleType
from tracekit.records.shape import BindShape, QueryShape
from tracekit.sqltext import BoundKeys, bound_keys, without_literals
from tracekit.testbed.relay.columns import Described
from tracekit.testbed.relay.result import Watch
from tracekit.testbed.relay.statement import PassedStatement
from tracekit.workloads.shapes import ShapeRecorder, described_column

_log = logging.getLogger(__name__)

_IDENTIFIER = re.compile(r"[^\W\d][\w$# ]*")
_GROUPED_KEYS = 1_000


class RecordedQuery:
    """Records one query over all its executions.

    Args:
        name: The query's name in the shape.
        statement: The statement as first sent.
        columns: The result's columns.
        sha256: The statement's hash.
        keys: The columns that can be keys; empty for any.
        remark: Called with what could not be recorded.
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
            self._give_up(ConfigError(f"it selects two columns named {doubled}. Give one an alias"))
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
        """Start an execution with these bind values."""
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
        """Note that an execution was read."""
        with self._lock:
            self._running -= 1
            self._unread += partial
            if self._recorder is not None and not self._asked:
                self._recorder.end_statement()

    def failed(self) -> None:
        """Note that reading an execution failed."""
        with self._lock:
            self._failed += 1

    def _ask(self, keys: Sequence[Any]) -> None:
        """Count the keys of an execution that starts.

        The recorder treats executions with few keys, and concurrent ones, as one statement until a
        key repeats.
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
        """The recorder's requested keys, for comparing key spaces."""
        return self._recorder.keys if self._recorder is not None else None

    def remarks(self) -> list[str]:
        """What is incomplete."""
        if not self._unread:
            return []
        text = f"query {self.name!r} was not read to the end"
        if self._unread == self._executions:
            return [f"{text}; a replay of its shape cannot read past the recorded rows"]
        return [f"{text} in {self._unread:,} of {self._executions:,} executions"]

    def shape(self) -> QueryShape | None:
        """The query's statistics; None if it could not be recorded."""
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
    """Watches the rows of one execution of a recorded query."""

    def __init__(self, query: RecordedQuery) -> None:
        self._query = query

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """Observe rows."""
        self._query.add(columns)

    def failed(self) -> None:
        """Reading failed."""
        self._query.failed()

    def end(self, *, partial: bool) -> None:
        """The last rows have passed."""
        self._query.end(partial=partial)


class Unwatched:
    """Ignores rows."""

    def rows(self, columns: Sequence[Sequence[Any]]) -> None:
        """Ignore rows."""

    def failed(self) -> None:
        """Ignore the failure."""

    def end(self, *, partial: bool) -> None:
        """Ignore the end."""


def _names_without_literals(names: Sequence[str]) -> list[str]:
    """Column names; an expression without an alias is named after its text, including literals."""
    shown: list[str] = []
    for name in names:
        plain = name if _IDENTIFIER.fullmatch(name) else without_literals(name).replace(" ", "")
        unique, number = plain, 1
        while plain != name and unique in shown:
            number += 1
            unique = f"{plain}_{number}"
        shown.append(unique)
    return shown


def _is_whole(key: Any) -> bool:
    """Whether no part of a key is NULL; such a key matches no row."""
    return all(part is not None for part in (key if isinstance(key, tuple) else (key,)))


def _bind_shapes(
    statement: PassedStatement, kinds: Sequence[BindType], keys: BoundKeys | None
) -> tuple[BindShape, ...]:
    """The placeholders; a list of keys is represented by its first one."""
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
