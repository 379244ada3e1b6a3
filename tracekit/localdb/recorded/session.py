"""A client's session on a file made from a shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracekit.localdb.backend import (
    BindType,
    ExecuteOutcome,
    PreparedStatement,
    StatementKind,
)
from tracekit.localdb.duck.result import EncodedStream
from tracekit.localdb.duck.session import DuckSession
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.recorded.catalogue import (
    ORDINAL,
    SCHEMA,
    Catalogue,
    Recorded,
    RecordedQuery,
    RecordedStatement,
)
from tracekit.localdb.recorded.key_map import NOT_RECORDED, Key, KeyMap
from tracekit.localdb.recorded.rows import RecordedRows
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.messages.binds import count_returned
from tracekit.localdb.wire.rows_rare import NULL_FIELD
from tracekit.sqltext import bound_keys, statement_sha256
from tracekit.sqltext.lexer import TokenKind, UnendedQuote, bind_name, scan

_KINDS = {
    "query": StatementKind.QUERY,
    "change": StatementKind.DML,
    "definition": StatementKind.DDL,
    "block": StatementKind.PLSQL,
    "session": StatementKind.OTHER,
}
_NOT_UNDERSTOOD = frozenset({*range(900, 1000), 1740, 1756, 3001, 4043, 6550})
"""The local Oracle's errors for statements that it cannot translate, or for missing tables."""


@dataclass(frozen=True)
class RecordedPrepared:
    """A recorded statement as the client sent it."""

    sql: str
    kind: StatementKind
    recorded: Recorded

    @property
    def bind_names(self) -> Sequence[str]:
        """One name per placeholder; for a PL/SQL block, one per bind."""
        names: list[str] = []
        with suppress(UnendedQuote):
            names += [bind_name(one) for one in scan(self.sql) if one.kind is TokenKind.BIND]
        return tuple(dict.fromkeys(names)) if self.kind is StatementKind.PLSQL else tuple(names)


class RecordedSession:
    """Answers recorded statements; passes all others to the session on DuckDB.

    Args:
        duck: The session on DuckDB.
        catalogue: The recorded statements.
        key_maps: The key maps, by query name.
    """

    def __init__(
        self, duck: DuckSession, catalogue: Catalogue, key_maps: Mapping[str, KeyMap]
    ) -> None:
        self._duck = duck
        self._catalogue = catalogue
        self._key_maps = key_maps
        self._changed = False

    @property
    def spool_folder(self) -> Path:
        """The folder for the session's temporary files."""
        return self._duck.spool_folder

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work, including recorded changes."""
        return self._changed or self._duck.in_transaction

    @property
    def current_schema(self) -> str:
        """The schema for unqualified names."""
        return self._duck.current_schema

    def prepare(self, sql: str) -> PreparedStatement:
        """Look up `sql`; translate it if it was not recorded.

        Raises:
            OraError: ORA-20942 if it was not recorded and cannot be translated.
        """
        recorded = self._catalogue.find(statement_sha256(sql))
        if recorded is not None:
            return RecordedPrepared(sql, _kind(recorded), recorded)
        try:
            return self._duck.prepare(sql)
        except OraError as error:
            raise self._not_recorded(sql, error) from error

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        """The columns of a query, without running it.

        Raises:
            OraError: a name in it does not exist.
        """
        if not isinstance(statement, RecordedPrepared):
            return self._duck.describe(statement)
        query = statement.recorded.query
        return self._duck.describe(self._duck.prepare(_select(query))) if query else ()

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        """Answer a statement.

        Raises:
            OraError: the recorded error, or ORA-20942 if the shape has no answer.
        """
        if isinstance(statement, RecordedPrepared):
            return self._answer(statement, bind_rows or ((),), bind_types)
        try:
            return self._duck.execute(statement, bind_rows, bind_types, go_on=go_on)
        except OraError as error:
            sql = getattr(statement, "sql", "")
            raise self._not_recorded(sql, error) from error

    def commit(self) -> None:
        """Commit the transaction."""
        self._changed = False
        self._duck.commit()

    def rollback(self) -> None:
        """Roll back the transaction."""
        self._changed = False
        self._duck.rollback()

    def set_current_schema(self, schema: str) -> None:
        """Set the schema for unqualified names; shapes have no schemas, so any name is accepted."""
        with suppress(OraError):
            self._duck.set_current_schema(schema)

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Set the client's values for SYS_CONTEXT('USERENV', ...)."""
        self._duck.set_attributes(attributes)

    def interrupt(self) -> None:
        """Interrupt a call that runs in another thread; it raises ORA-01013."""
        self._duck.interrupt()

    def close(self) -> None:
        """Close everything, including open results."""
        self._duck.close()

    def _answer(
        self,
        statement: RecordedPrepared,
        rows: Sequence[Sequence[Any]],
        kinds: Sequence[BindType],
    ) -> ExecuteOutcome:
        recorded = statement.recorded
        if recorded.query is not None and _reads_only_dual(statement.sql):
            with suppress(OraError):  # the query itself has the answer
                return self._duck.execute(self._duck.prepare(statement.sql), rows, kinds)
        number = recorded.next_execution()
        error = recorded.error
        if error is not None and number >= recorded.successes:
            raise OraError(error.number, error.message)
        if recorded.query is not None:
            return ExecuteOutcome(result=self._rows(recorded.query, statement.sql, rows[0], kinds))
        assert recorded.statement is not None, "without rows or an error, it is one"
        return self._done(recorded.statement, statement, number, rows, kinds)

    def _rows(
        self, query: RecordedQuery, sql: str, row: Sequence[Any], kinds: Sequence[BindType]
    ) -> EncodedStream:
        keys: list[Key] = []
        key_kinds: list[BindType] = []
        found = bound_keys(sql, query.columns, query.key) if query.key else None
        if found is not None:
            for key in found.places:
                values = tuple(row[place] for place in key)
                if all(value is not None for value in values):
                    keys.append(values)
                    key_kinds += [kinds[place] for place in key]
        asked_for: dict[Key, Key] = {}
        if found is not None and query.name in self._key_maps:
            made_for = self._key_maps[query.name].made(keys)
            asked_for = {made: asked for asked, made in made_for.items() if made != asked}
            keys = [made_for[key] for key in keys]
        prepared = self._duck.prepare(_select(query, None if found is None else len(keys)))
        places = [query.columns.index(column) for column in query.key]
        return self._duck.query(
            prepared,
            [part for key in keys for part in key],
            key_kinds,
            lambda batches: RecordedRows(
                batches, places, asked_for, partial=query.partial, name=query.name
            ),
        )

    def _done(
        self,
        recorded: RecordedStatement,
        statement: RecordedPrepared,
        number: int,
        rows: Sequence[Sequence[Any]],
        kinds: Sequence[BindType],
    ) -> ExecuteOutcome:
        if statement.kind is StatementKind.OTHER:
            with suppress(OraError):  # its settings matter for statements that are translated
                return self._duck.execute(self._duck.prepare(statement.sql), rows, kinds)
            return ExecuteOutcome()
        if statement.kind is StatementKind.PLSQL:
            if any(kind.type is OracleType.CURSOR for kind in kinds):
                raise OraError(
                    NOT_RECORDED, "the rows of cursors that a block opens were not recorded"
                )
            return ExecuteOutcome(filled=dict.fromkeys(range(len(kinds)), NULL_FIELD))
        if statement.kind is not StatementKind.DML:
            return ExecuteOutcome()
        self._changed = True
        counts = recorded.row_counts or (0,)
        count = counts[min(number, len(counts) - 1)]
        returned = count_returned(statement.sql)
        return ExecuteOutcome(
            row_count=count,
            row_counts=_spread(count, len(rows)),
            returned=[[[] for _ in range(returned)] for _ in rows] if returned else (),
        )

    def _not_recorded(self, sql: str, error: OraError) -> OraError:
        if error.number not in _NOT_UNDERSTOOD:
            return error
        nearest = self._catalogue.nearest(sql)
        hint = f" The nearest that is: {nearest}" if nearest else ""
        return OraError(
            NOT_RECORDED,
            "the statement is not in the shape, and the local Oracle cannot run it either "
            f"({error}).{hint}",
            position=error.position,
        )


def _reads_only_dual(sql: str) -> bool:
    """Whether a query reads only its own text and the session."""
    words: list[str] = []
    with suppress(UnendedQuote):
        words += [token.text.upper() for token in scan(sql)]
    after = [words[i + 1 : i + 3] for i, word in enumerate(words) if word == "FROM"]
    return (
        bool(after)
        and "JOIN" not in words
        and all(one[:1] == ["DUAL"] and "," not in one for one in after)
    )


def _kind(recorded: Recorded) -> StatementKind:
    if recorded.query is not None:
        return StatementKind.QUERY
    if recorded.statement is not None:
        return _KINDS[recorded.statement.kind]
    return StatementKind.QUERY


def _select(query: RecordedQuery, keys: int | None = None) -> str:
    """The statement that reads the answer; with `keys`, only the rows of that number of keys."""
    columns = ", ".join(map(_quoted, query.columns))
    text = f"SELECT {columns} FROM {_quoted(SCHEMA)}.{_quoted(query.table)}"  # noqa: S608 (names, quoted)
    if keys is not None:
        text += f" WHERE {_condition(query.key, keys)}"
    return f"{text} ORDER BY {_quoted(ORDINAL)}"


def _condition(key: Sequence[str], keys: int) -> str:
    if not keys:
        return "1 = 0"
    names = iter(range(keys * len(key)))
    if len(key) == 1:
        return f"{_quoted(key[0])} IN ({', '.join(f':{next(names)}' for _ in range(keys))})"
    one = ", ".join([":{}"] * len(key))
    listed = ", ".join(f"({one})" for _ in range(keys)).format(*names)
    return f"({', '.join(map(_quoted, key))}) IN ({listed})"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _spread(count: int, rows: int) -> list[int]:
    """Distribute a total over `rows` rows of binds."""
    each, more = divmod(count, max(1, rows))
    return [each + (place < more) for place in range(rows)]
