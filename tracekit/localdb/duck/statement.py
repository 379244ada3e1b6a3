"""Prepared statements, and a cache of their translations."""

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
"""Characters of statement text in the cache; the least recently used statement goes first."""


@dataclass(frozen=True)
class DuckStatement:
    """A statement as the client sent it, and its translation."""

    sql: str
    translated: Translated

    @property
    def kind(self) -> StatementKind:
        """The kind of result that it returns."""
        return self.translated.kind

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder, in the order of the values."""
        return self.translated.bind_names

    def ora_error(self, error: duckdb.Error) -> OraError:
        """Map DuckDB's `error` to Oracle's."""
        return map_error(error, self.sql)


FindColumns: TypeAlias = Callable[[str, str], Columns]
"""A function that returns the columns of a table by schema and name."""


Synonyms: TypeAlias = tuple[tuple[tuple[str, str], tuple[str, str]], ...]
"""Schema and name of each synonym, and of what it stands for."""


@dataclass(frozen=True)
class Naming:
    """What a statement's meaning depends on beyond its text, in one session at one time."""

    current_schema: str
    user: str
    ignore_case: bool
    synonyms: Synonyms = ()
    """All synonyms, and what they stand for."""


_Key = tuple[str, Naming, tuple[BindForm, ...]]


@dataclass(frozen=True)
class _Kept:
    statement: DuckStatement
    asked: tuple[tuple[tuple[str, str], Columns], ...]
    """The tables that the translation looked up, and their columns."""

    def holds(self, find: FindColumns) -> bool:
        """Whether the tables have not changed."""
        return all(find(*key) == columns for key, columns in self.asked)


class StatementCache:
    """Translated statements by text and `Naming`, shared by all sessions."""

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
        """Return the translation of `sql`, from the cache if possible.

        Args:
            sql: The statement as the client sent it.
            naming: What its meaning depends on beyond its text.
            find: Looks up the columns of tables.
            bind_forms: The kind of each bind's values; empty if unknown.

        Raises:
            OraError: it is malformed or cannot be translated.
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
            synonyms=dict(naming.synonyms),
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
