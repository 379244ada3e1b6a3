"""A session's writing connection: one transaction, statement by statement.

DuckDB drops the whole transaction when a statement fails; in Oracle the statement alone is undone.
So the transaction's statements are kept, and after a failure they are run again. That is right
only if they do the same again; where this cannot be known the transaction is rolled back and the
client gets ORA-03001.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from tracekit.errors import LocalWireError
from tracekit.localdb.duck.array_insert import MAX_ROWS, MIN_ROWS, array_insert, as_lists
from tracekit.localdb.duck.foreign_keys import Check
from tracekit.localdb.ora_error import OraError

VOLATILE = re.compile(
    r"\b(nextval|random|uuid|gen_random_uuid|now|current_timestamp|clock_timestamp)\b",
    re.IGNORECASE,
)
_TOGETHER = "\0"
"""A savepoint that no client can name."""
DREW = "it drew from a sequence or the clock"
LOST = (
    "unimplemented feature: undoing a failed statement here; the transaction was rolled back "
    "({reason})"
)

Values = Mapping[str, Any]
Taken = TypeVar("Taken")


ROW_ERRORS = (
    duckdb.ConstraintException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
)
"""What a row's values can be the reason of."""


@dataclass(frozen=True)
class RowsRun:
    """What running a statement for many rows gave."""

    counts: list[int]
    """Per row, the rows it touched; rows after the one that ended it are missing."""
    failures: list[tuple[int, duckdb.Error]]
    """Index and error of those that failed."""


@dataclass(frozen=True)
class _Done:
    """A statement that was run for some rows of values."""

    sql: str
    rows: Sequence[Values]
    row_count: int
    volatile: bool


class WritingConnection:
    """Runs DML in a transaction that starts with the first statement.

    Args:
        connection: This object's own.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._done: list[_Done] = []
        self._open = False
        self._savepoints: dict[str, int] = {}
        """How many statements were done when each was set; the oldest first."""

    @property
    def in_transaction(self) -> bool:
        """Whether uncommitted work is open."""
        return self._open

    def run(
        self, sql: str, values: Values, *, volatile: bool = False, checks: Sequence[Check] = ()
    ) -> int:
        """Run one DML statement; the number of rows it touched.

        Args:
            sql: The statement.
            values: Of its parameters.
            volatile: It would do something else when run again, though its text does not say so.
            checks: What must hold afterwards.

        Raises:
            duckdb.Error: it failed; the transaction is as it was before.
            OraError: ORA-03001, it failed and the transaction could not be kept.
        """
        self._begin()
        try:
            row_count = self._execute(sql, values)
        except duckdb.Error:
            self.recover()
            raise
        self._verify(checks)
        self._keep(_Done(sql, [values], row_count, volatile))
        return row_count

    def run_returning(
        self,
        sql: str,
        values: Values,
        take: Callable[[pa.Table, Sequence[str]], Taken],
        *,
        volatile: bool = False,
        checks: Sequence[Check] = (),
    ) -> Taken:
        """Run one DML statement with RETURNING and pass its rows on.

        Args:
            sql: The statement.
            values: Of its parameters.
            take: What to make of the rows and the names of their DuckDB types; what it raises
                undoes the statement.
            volatile: As for `run`.
            checks: As for `run`.

        Raises:
            duckdb.Error: it failed; the transaction is as it was before.
            OraError: ORA-03001, it failed and the transaction could not be kept; or from `take`.
        """
        self._begin()
        try:
            # Not a DB-API call: that would copy every row again. It runs at once, not lazily.
            relation = self.connection.sql(sql, params=dict(values) or None)
            types = [str(kind) for kind in relation.types]
            table = relation.to_arrow_table()
        except duckdb.Error:
            self.recover()
            raise
        try:
            taken = take(table, types)
        except (OraError, LocalWireError):
            self.restore()
            raise
        self._verify(checks)
        self._keep(_Done(sql, [values], table.num_rows, volatile))
        return taken

    def run_each(
        self,
        sql: str,
        rows: Sequence[Values],
        *,
        volatile: bool = False,
        checks: Sequence[Check] = (),
        go_on: bool = False,
    ) -> RowsRun:
        """Run one DML statement for every row of values.

        Args:
            sql: The statement.
            rows: Values of its parameters.
            volatile: As for `run`.
            checks: As for `run`.
            go_on: Run the rows after one that fails.

        Raises:
            duckdb.Error: it fails whatever the values are, or the only row does.
            OraError: ORA-03001, it failed and the transaction could not be kept.
        """
        ran = RowsRun([], [])
        whole = array_insert(sql) if len(rows) >= MIN_ROWS else None
        at_once = MAX_ROWS if whole else 1
        pending = [rows[i : i + at_once] for i in reversed(range(0, len(rows), at_once))]
        while pending and (go_on or not ran.failures):
            part = pending.pop()
            lists = as_lists(part) if len(part) > 1 else None
            try:
                if len(part) == 1:
                    ran.counts.append(self.run(sql, part[0], volatile=volatile, checks=checks))
                elif whole is not None and lists is not None:
                    self._run_whole(whole, lists, _Done(sql, part, len(part), volatile), checks)
                    ran.counts.extend([1] * len(part))
                else:
                    pending += _halves(part)
            except ROW_ERRORS as error:
                if len(rows) == 1:
                    raise
                if len(part) > 1:  # a part of it fails
                    pending += _halves(part)
                else:
                    ran.failures.append((len(ran.counts), error))
                    ran.counts.append(0)
        return ran

    def _run_whole(self, whole: str, lists: Values, done: _Done, checks: Sequence[Check]) -> None:
        """Run many rows of an insert as one statement."""
        self._begin()
        try:
            self._execute(whole, lists)
        except duckdb.Error:
            self.recover()
            raise
        self._verify(checks)
        self._keep(done)

    def _verify(self, checks: Sequence[Check]) -> None:
        """Undo the statement that just ran if a check fails."""
        for check in checks:
            if self.connection.execute(check.sql).fetchone() is not None:
                self.restore()
                raise duckdb.ConstraintException(check.error)

    def recover(self) -> None:
        """After a failed statement: make the transaction what it was before.

        Raises:
            OraError: ORA-03001, it cannot be; it is rolled back.
        """
        if not self._done:
            self._undo()
            return
        try:
            self.connection.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            self.restore()

    def _begin(self) -> None:
        if not self._open:
            self.connection.execute("BEGIN TRANSACTION")
            self._open = True

    def restore(self) -> None:
        """Bring the transaction back to what its statements did, in DuckDB's newest snapshot.

        Raises:
            OraError: ORA-03001, it is not known to be the same again; it is rolled back.
        """
        done = self._done
        self._undo()
        if not done:
            return
        if any(map(_is_volatile, done)):
            self._savepoints = {}
            raise OraError(3001, LOST.format(reason=DREW))
        self.connection.execute("BEGIN TRANSACTION")
        self._open = True
        try:
            for statement in done:
                if self._repeat(statement) != statement.row_count:
                    self.rollback()
                    raise OraError(3001, LOST.format(reason="the data has changed since"))
        except duckdb.Error as error:
            self.rollback()
            raise OraError(3001, LOST.format(reason="it cannot be repeated")) from error
        self._done = done

    def commit(self, last: Sequence[str] = ()) -> None:
        """Keep the work.

        Args:
            last: Statements that belong to committing, run only if there is work.

        Raises:
            duckdb.Error: it conflicts with what others committed; it is rolled back.
        """
        if self._open:
            try:
                for statement in last:
                    self.connection.execute(statement)
                self.connection.execute("COMMIT")
            except duckdb.Error:
                self.rollback()
                raise
        self._savepoints = {}
        self._forget()

    def rollback(self) -> None:
        """Drop the work."""
        self._savepoints = {}
        self._undo()

    def set_savepoint(self, name: str) -> None:
        """Name the present state of the transaction; an older one of that name is forgotten."""
        self._savepoints.pop(name, None)
        self._savepoints[name] = len(self._done)

    def rollback_to(self, name: str) -> None:
        """Bring the transaction back to what it was when a savepoint was set.

        Raises:
            OraError: ORA-01086, there is no such savepoint; ORA-03001, what came before it cannot
                be done again: nothing is undone, or if the data has changed since, everything.
        """
        if name not in self._savepoints:
            raise OraError(1086, f"savepoint '{name}' never established or is invalid")
        names = list(self._savepoints)
        for later in names[names.index(name) + 1 :]:
            del self._savepoints[later]
        kept = self._done[: self._savepoints[name]]
        if len(kept) == len(self._done):
            return
        if any(map(_is_volatile, kept)):
            raise OraError(
                3001, f"unimplemented feature: rolling back to a savepoint here ({DREW})"
            )
        self._done = kept
        self.restore()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Undo what was done inside when an OraError leaves it, unless it was committed there."""
        self.set_savepoint(_TOGETHER)
        try:
            yield
        except OraError:
            if _TOGETHER in self._savepoints:
                self.rollback_to(_TOGETHER)
            raise
        finally:
            self._savepoints.pop(_TOGETHER, None)

    def run_alone(self, sql: str) -> None:
        """Run statements that are a transaction of their own (DDL); none is open.

        Raises:
            duckdb.Error: one failed; none took effect.
        """
        self.connection.execute("BEGIN TRANSACTION")
        try:
            self.connection.execute(sql).fetchall()
            self.connection.execute("COMMIT")
        except duckdb.Error:
            self.connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Roll back and free the connection."""
        self.rollback()
        self.connection.close()

    def _execute(self, sql: str, values: Values) -> int:
        self.connection.execute(sql, dict(values) or None)
        row_count = self.connection.rowcount
        rows = self.connection.fetchall()
        return row_count if row_count >= 0 else len(rows)  # with RETURNING there is no count

    def _repeat(self, done: _Done) -> int:
        whole = array_insert(done.sql) if len(done.rows) > 1 else None
        lists = as_lists(done.rows) if whole else None
        if whole is not None and lists is not None:
            return self._execute(whole, lists)
        return sum(self._execute(done.sql, values) for values in done.rows)

    def _keep(self, done: _Done) -> None:
        """Remember what was done; rows of one insert together, so that repeating it is quick."""
        last = self._done[-1] if len(self._done) > self._last_savepoint else None
        if (
            last is not None
            and last.sql == done.sql
            and len(last.rows) + len(done.rows) <= MAX_ROWS
            and array_insert(done.sql) is not None
        ):
            self._done.pop()
            done = _Done(
                done.sql,
                [*last.rows, *done.rows],
                last.row_count + done.row_count,
                last.volatile or done.volatile,
            )
        self._done.append(done)

    @property
    def _last_savepoint(self) -> int:
        return max(self._savepoints.values(), default=0)

    def _undo(self) -> None:
        was_open = self._open
        self._forget()
        if was_open:
            self.connection.execute("ROLLBACK")

    def _forget(self) -> None:
        self._open = False
        self._done = []


def _is_volatile(done: _Done) -> bool:
    return done.volatile or VOLATILE.search(done.sql) is not None


def _halves(rows: Sequence[Values]) -> tuple[Sequence[Values], Sequence[Values]]:
    """The second half and the first, as a stack takes them."""
    middle = len(rows) // 2
    return rows[middle:], rows[:middle]
