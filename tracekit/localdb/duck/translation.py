"""What the backend asks of the SQL translator, and a cache of what it gave."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import duckdb

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError

MAX_CACHED_CHARS = 8_000_000
"""Statement text kept with its translation; the longest unused goes first."""


class Parameter(Protocol):
    """One `$name` of the DuckDB statement and the bind values it is made of."""

    @property
    def name(self) -> str:
        """Without the dollar sign."""

    @property
    def bind_indexes(self) -> tuple[int, ...]:
        """Positions in the client's bind row."""

    @property
    def is_list(self) -> bool:
        """Whether the values are passed as one list; else there is exactly one."""


class Translation(Protocol):
    """A statement in DuckDB's dialect."""

    @property
    def kind(self) -> StatementKind:
        """What executing it gives."""

    @property
    def duckdb_sql(self) -> str:
        """The text for DuckDB, with `$name` parameters."""

    @property
    def bind_names(self) -> Sequence[str]:
        """One upper-case name per placeholder occurrence."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """What `duckdb_sql` expects."""

    @property
    def sorted(self) -> bool:
        """Whether the query ends in an ORDER BY, so that DuckDB holds all of the result."""


class Translator(Protocol):
    """From Oracle's dialect to DuckDB's."""

    def translate(self, sql: str, *, current_schema: str) -> Translation:
        """Translate one statement.

        Raises:
            OraError: it is malformed, or has no translation.
        """

    def install(self, connection: duckdb.DuckDBPyConnection, *, sysdate: datetime | None) -> None:
        """Create the functions that translations call."""

    def ora_error(self, error: duckdb.Error, translation: Translation | None) -> OraError:
        """What Oracle would have said instead of `error`."""


class TranslationCache:
    """Translations by statement text and schema, shared by all sessions."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._kept: OrderedDict[tuple[str, str], Translation] = OrderedDict()
        self._kept_chars = 0
        self._lock = threading.Lock()

    def get(self, sql: str, current_schema: str) -> Translation:
        """The translation of `sql`, made now if it is not kept.

        Raises:
            OraError: it is malformed, or has no translation.
        """
        key = (sql, current_schema)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._translator.translate(sql, current_schema=current_schema)
        with self._lock:
            self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, str], made: Translation) -> None:
        if key not in self._kept:
            self._kept_chars += len(key[0])
        self._kept[key] = made
        while self._kept_chars > MAX_CACHED_CHARS and len(self._kept) > 1:
            (sql, _), _ = self._kept.popitem(last=False)
            self._kept_chars -= len(sql)
