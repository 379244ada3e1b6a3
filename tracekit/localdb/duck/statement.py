"""Prepared statements, and the cache that makes preparing a known one cheap."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import duckdb

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import BindForm, Columns, Translated, map_error, translate

MAX_CACHED_CHARS = 8_000_000
"""Statement text kept with its translation; the longest unused goes first."""


@dataclass(frozen=True)
class DuckStatement:
    """A statement as the client sent it, and in DuckDB's dialect."""

    sql: str
    translated: Translated

    @property
    def kind(self) -> StatementKind:
        """What executing it gives."""
        return self.translated.kind

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder occurrence, in the order values arrive."""
        return self.translated.bind_names

    def ora_error(self, error: duckdb.Error) -> OraError:
        """What Oracle would have said instead of `error`."""
        return map_error(error, self.sql)


FindColumns: TypeAlias = Callable[[str, str], Columns]
"""The columns of a table by schema and name."""


@dataclass(frozen=True)
class Naming:
    """The part of a statement's meaning that is not in its text, in one session at one time."""

    current_schema: str
    user: str
    ignore_case: bool


_Key = tuple[str, Naming, tuple[BindForm, ...]]


@dataclass(frozen=True)
class _Kept:
    statement: DuckStatement
    asked: tuple[tuple[tuple[str, str], Columns], ...]
    """The tables that the translation looked up, and what it found."""

    def holds(self, find: FindColumns) -> bool:
        """Whether the tables are still what they were."""
        return all(find(*key) == columns for key, columns in self.asked)


class StatementCache:
    """Statements by text and what it means, shared by all sessions."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._kept_chars = 0
        self._lock = threading.Lock()

    def get(
        self,
        sql: str,
        naming: Naming,
        find: FindColumns,
        bind_forms: Sequence[BindForm] = (),
    ) -> DuckStatement:
        """The statement `sql`, translated now if it is not kept.

        Args:
            sql: As the client sent it.
            naming: The part of its meaning that is not in its text.
            find: Looks up the columns of tables.
            bind_forms: What the binds' values are; empty if that is not known.

        Raises:
            OraError: it is malformed, or has no translation.
        """
        key = (sql, naming, tuple(bind_forms))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None and kept.holds(find):
            return kept.statement
        asked: dict[tuple[str, str], Columns] = {}

        def columns_of(schema: str | None, table: str) -> Columns:
            place = (schema or naming.current_schema, table)
            if place not in asked:
                asked[place] = find(*place)
            return asked[place]

        translated = translate(
            sql,
            current_schema=naming.current_schema,
            user=naming.user,
            columns_of=columns_of,
            bind_forms=bind_forms,
            ignore_case=naming.ignore_case,
        )
        made = DuckStatement(sql, translated)
        with self._lock:
            self._keep(key, _Kept(made, tuple(asked.items())))
        return made

    def _keep(self, key: _Key, made: _Kept) -> None:
        if key not in self._kept:
            self._kept_chars += len(made.statement.sql)
        self._kept[key] = made
        while self._kept_chars > MAX_CACHED_CHARS:
            _, dropped = self._kept.popitem(last=False)
            self._kept_chars -= len(dropped.statement.sql)
