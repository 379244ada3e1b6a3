"""`Query`: SQL with a place for its keys, the key columns of its rows, and other binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed.key_places import KeyPlaces, find_key_places
from tracekit.keyed.sql_text import tokens_of
from tracekit.records import QueryDefinition
from tracekit.sqltext import names_sql_file

KEYS_PER_STATEMENT = 1000
"""Oracle's limit on the length of an expression list."""
MOST_BINDS = 65_535
"""Oracle's limit on bind variables in one statement."""

Key = Any
"""Text, a number, a date or any hashable value the driver binds; a tuple for several columns."""
Statement = tuple[str, dict[str, Any]]
"""A statement, and the values of its binds by name."""


class Query:
    """A query that is run for many keys, one batch of them per statement.

    The keys go where the SQL says `IN (:keys)`, or `(A, B) IN (:keys)` for several key columns. SQL
    without that place is wrapped: `SELECT * FROM (sql) WHERE key IN (...)`, keeping its ORDER BY.
    Values are always bound, never written into the SQL.

    Args:
        sql: The SQL text, or the path of a `.sql` file.
        key: Column, or columns, of the result to group rows by; upper-cased unless quoted.
            With None, the whole result is one group under the key None.
        binds: Values of the other placeholders, by name.
        keys_per_statement: Maximum number of keys in one statement. Lists of more than 1,000 are
            split and joined by OR.
        name: The name used in messages; default the file's name, else `query`.

    Raises:
        ConfigError: the file cannot be read, there is no SQL, a placeholder has no value or a value
            has no placeholder, the keys have no place, `key` is malformed or names a column twice,
            or `keys_per_statement` is out of range.
    """

    def __init__(
        self,
        sql: str | Path,
        *,
        key: str | Sequence[str] | None = None,
        binds: Mapping[str, Any] | None = None,
        keys_per_statement: int = KEYS_PER_STATEMENT,
        name: str | None = None,
    ) -> None:
        text, file_name = _text_of(sql)
        self.name = name or file_name or "query"
        self.sql = _without_terminator(text)
        if not self.sql:
            raise ConfigError(f"query {self.name!r} has no SQL: {text!r} contains no statement")
        self.key_columns = _columns(key)
        self.binds = dict(binds or {})
        self.keys_per_statement = keys_per_statement
        self._tokens = tokens_of(self.sql)
        self._check_binds()
        self._check_size()
        self._statements: dict[int, str] = {}

    def __repr__(self) -> str:
        key = self.key_columns[0] if len(self.key_columns) == 1 else self.key_columns or None
        return f"Query({self.name!r}, key={key!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Query.from_definition, (self.definition,)

    @classmethod
    def from_definition(cls, definition: QueryDefinition) -> Query:
        """Make the query from its stored definition.

        Raises:
            ConfigError: as for the class.
        """
        return cls(
            definition.sql,
            key=tuple(definition.key) or None,
            binds=definition.binds,
            keys_per_statement=definition.keys_per_statement,
            name=definition.name,
        )

    @property
    def definition(self) -> QueryDefinition:
        """The definition from which another process can recreate it."""
        return QueryDefinition(
            self.name, self.sql, self.key_columns, self.binds, self.keys_per_statement
        )

    @property
    def takes_keys(self) -> bool:
        """Whether its statements bind keys."""
        return bool(self.key_columns) or self._places.found

    @property
    def key_width(self) -> int:
        """Number of values in one key."""
        return max(1, len(self.key_columns))

    @property
    def row_limit(self) -> str:
        """The clause that limits the rows of a statement, such as `FETCH FIRST`; empty if none."""
        return self._places.limit if self.takes_keys else ""

    def statement(self, keys: Sequence[Key]) -> Statement:
        """The SQL for one batch of keys, and its binds `p0`, `p1`, … in the batch's order."""
        if not self.takes_keys:
            return self.sql, dict(self.binds)
        count = len(keys)
        if count not in self._statements:
            if len(self._statements) > 8:
                self._statements.clear()
            self._statements[count] = self._places.with_keys(count)
        return self._statements[count], {**self._places.binds_of(keys), **self.binds}

    def statement_of_keys(self) -> Statement:
        """A query for the distinct keys, in order: the SQL without its key filter.

        Raises:
            ConfigError: it has no key columns, or its keys are not in an `IN (:keys)`.
        """
        if not self.key_columns:
            raise ConfigError(
                f"query {self.name!r} has no key columns, so its keys cannot be listed"
            )
        columns = ", ".join(self.key_columns)
        places = ", ".join(str(place + 1) for place in range(len(self.key_columns)))
        text = self._places.without_keys()
        # The user's own query, run with the user's own rights.
        sql = f"SELECT DISTINCT {columns} FROM (\n{text}\n) ORDER BY {places}"  # noqa: S608
        return sql, dict(self.binds)

    @cached_property
    def _places(self) -> KeyPlaces:
        return find_key_places(self.sql, self._tokens, self.key_columns)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The key columns as results name them."""
        return tuple(
            (name[1:-1] if name.startswith('"') else name).upper() for name in self.key_columns
        )

    def _check_binds(self) -> None:
        asked = {token.bind_name for token in self._tokens if token.kind == "bind"} - {"KEYS"}
        given = {name.upper(): name for name in self.binds}
        missing = sorted(asked - set(given))
        if missing:
            raise ConfigError(
                f"query {self.name!r}: :{missing[0].lower()} has no value. Give it with "
                f"--bind {missing[0].lower()}=VALUE, or binds={{{missing[0].lower()!r}: ...}}."
            )
        unknown = sorted(set(given) - asked)
        if unknown:
            there = ", ".join(f":{name.lower()}" for name in sorted(asked)) or "none"
            raise ConfigError(
                f"query {self.name!r}: there is no placeholder :{given[unknown[0]]} in the SQL "
                f"(placeholders: {there})"
            )

    def _check_size(self) -> None:
        most = (MOST_BINDS - len(self.binds)) // self.key_width
        size = self.keys_per_statement
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= most:
            raise ConfigError(
                f"keys_per_statement={size!r}: expected a whole number from 1 to {most:,} "
                f"({MOST_BINDS:,} binds are the most one statement takes)"
            )
        if self.takes_keys:
            self._places.with_keys(1)  # raises early if the keys cannot be placed


def _text_of(sql: str | Path) -> tuple[str, str | None]:
    if isinstance(sql, str) and not names_sql_file(sql):
        return sql, None
    path = Path(sql)
    try:
        return path.read_text(encoding="utf-8-sig"), path.stem
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"the SQL file {path} could not be read: {exc}") from exc


def _without_terminator(text: str) -> str:
    """The statement alone, without the `;` or `/` that ends it for SQL clients."""
    tokens = tokens_of(text)
    while tokens and tokens[-1].text in (";", "/"):
        tokens.pop()
    return text[: tokens[-1].end].lstrip() if tokens else ""


def _columns(key: str | Sequence[str] | None) -> tuple[str, ...]:
    several = key is None or (isinstance(key, Sequence) and not isinstance(key, str))
    columns: tuple[Any, ...] = tuple(key or ()) if several else (key,)
    for column in columns:
        if not isinstance(column, str):
            raise ConfigError(
                f"key {column!r}: expected the name of a column, such as 'ACCOUNT_ID'"
            )
        if [token.kind for token in tokens_of(column)] not in (["name"], ["quoted"]):
            raise ConfigError(
                f"key {column!r}: expected the name of a column of the result, such as ACCOUNT_ID"
            )
        if columns.count(column) > 1:
            raise ConfigError(f"key {column!r} is named twice; name each key column once")
    return columns
