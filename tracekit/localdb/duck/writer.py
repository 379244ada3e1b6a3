"""A session's writing connection, with one transaction.

In DuckDB a failing statement aborts the whole transaction; Oracle undoes only the statement. So
this connection records the transaction's statements and runs them again after a failure. That is
correct only if they do the same again. If that is unknown, the transaction is rolled back and the
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
from tracekit.localdb.duck.foreign_keys import NOTHING, Consequences, DeleteAction
from tracekit.localdb.ora_error import OraError

VOLATILE = re.compile(
    r"\b(nextval|random|uuid|gen_random_uuid|now|current_timestamp|clock_timestamp)\b",
    re.IGNORECASE,
)
_TOGETHER = "\0"
"""A savepoint name that no client can use."""
DREW = "it used a sequence or the clock"
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
"""Errors that can depend on a row's values."""


@dataclass(frozen=True)
class RowsRun:
    """The result of running a statement for many rows of values."""

    counts: list[int]
    """The rows affected for each row of values, up to the one that ended the statement."""
    failures: list[tuple[int, duckdb.Error]]
    """Index and error of each row of values that failed."""


@dataclass(frozen=True)
class _Done:
    """A statement that ran for some rows of values."""

    sql: str
    rows: Sequence[Values]
    row_count: int
    volatile: bool


class WritingConnection:
    """Runs DML in a transaction that starts with the first statement.

    Args:
        connection: A connection that only this object uses.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._done: list[_Done] = []
        self._open = False
        self._savepoints: dict[str, int] = {}
        """The number of statements before each savepoint, the oldest first."""

    @property
    def in_transaction(self) -> bool:
        """Whether there is uncommitted work."""
        return self._open

    def run(
        self, sql: str, values: Values, *, volatile: bool = False, then: Consequences = NOTHING
    ) -> int:
        """Run a DML statement and return the number of rows affected.

        Args:
            sql: The statement.
            values: The values of its parameters.
            volatile: Whether running it again could do something else, although its text does not
                show that.
            then: What follows the statement, and is undone with it.

        Raises:
            duckdb.Error: the statement failed; the transaction is unchanged.
            OraError: ORA-03001 if it failed and the transaction was rolled back.
        """
        self.begin()
        try:
            row_count = self._execute(sql, values)
        except duckdb.Error:
            self.recover()
            raise
        self._follow(_Done(sql, [values], row_count, volatile), then)
        return row_count

    def run_returning(
        self,
        sql: str,
        values: Values,
        take: Callable[[pa.Table, Sequence[str]], Taken],
        *,
        volatile: bool = False,
        then: Consequences = NOTHING,
    ) -> Taken:
        """Run a DML statement with RETURNING and pass its rows to `take`.

        Args:
            sql: The statement.
            values: The values of its parameters.
            take: Called with the rows and the names of their DuckDB types. If it raises an
                exception, the statement is undone.
            volatile: As for `run`.
            then: As for `run`.

        Raises:
            duckdb.Error: the statement failed; the transaction is unchanged.
            OraError: ORA-03001 if it failed and was not undone alone; or from `take`.
        """
        self.begin()
        try:
            # The DB-API call would copy every row again. This call is not lazy.
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
        self._follow(_Done(sql, [values], table.num_rows, volatile), then)
        return taken

    def run_each(
        self,
        sql: str,
        rows: Sequence[Values],
        *,
        volatile: bool = False,
        then: Consequences = NOTHING,
        go_on: bool = False,
    ) -> RowsRun:
        """Run a DML statement for every row of values.

        Args:
            sql: The statement.
            rows: The values of its parameters, for each execution.
            volatile: As for `run`.
            then: As for `run`.
            go_on: Whether to continue after a row that fails.

        Raises:
            duckdb.Error: it fails regardless of the values, or there is only one row.
            OraError: ORA-03001 if it failed and the transaction was rolled back.
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
                    ran.counts.append(self.run(sql, part[0], volatile=volatile, then=then))
                elif whole is not None and lists is not None:
                    self._run_whole(whole, lists, _Done(sql, part, len(part), volatile), then)
                    ran.counts.extend([1] * len(part))
                else:
                    pending += _halves(part)
            except ROW_ERRORS as error:
                if len(rows) == 1:
                    raise
                if len(part) > 1:  # one of its rows fails
                    pending += _halves(part)
                else:
                    ran.failures.append((len(ran.counts), error))
                    ran.counts.append(0)
        return ran

    def _run_whole(self, whole: str, lists: Values, done: _Done, then: Consequences) -> None:
        """Run an insert of many rows as one statement."""
        self.begin()
        try:
            self._execute(whole, lists)
        except duckdb.Error:
            self.recover()
            raise
        self._follow(done, then)

    def _follow(self, done: _Done, then: Consequences) -> None:
        """Run what follows a statement, and record all; undo the statement if something fails."""
        followed: list[_Done] = []
        try:
            while changes := [one for one in map(self._act, then.actions) if one.row_count]:
                followed += changes
            for check in then.checks:
                if self.connection.execute(check.sql).fetchone() is not None:
                    raise duckdb.ConstraintException(check.error)
        except duckdb.Error:
            self.restore()
            raise
        for one in (done, *followed):
            self._keep(one)

    def _act(self, action: DeleteAction) -> _Done:
        return _Done(action.sql, [{}], self._execute(action.sql, {}), volatile=False)

    def read(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Run a small query in the transaction.

        Raises:
            duckdb.Error: it failed; the transaction is unchanged.
        """
        self.begin()
        try:
            return self.connection.execute(sql, dict(values) or None).fetchall()
        except duckdb.Error:
            self.recover()
            raise

    def recover(self) -> None:
        """Restore the transaction after a failed statement.

        Raises:
            OraError: ORA-03001 if it cannot be restored; it is rolled back.
        """
        if not self._done:
            self._undo()
            return
        try:
            self.connection.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            self.restore()

    def begin(self) -> None:
        """Begin a transaction, unless one is open."""
        if not self._open:
            self.connection.execute("BEGIN TRANSACTION")
            self._open = True

    def restore(self) -> None:
        """Run the transaction's statements again, in DuckDB's newest snapshot.

        Raises:
            OraError: ORA-03001 if the result could differ; the transaction is rolled back.
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
        """Commit the transaction.

        Args:
            last: Statements to run before the commit, if there is work to commit.

        Raises:
            duckdb.Error: it conflicts with another session's commit; it is rolled back.
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
        """Roll back the transaction."""
        self._savepoints = {}
        self._undo()

    def set_savepoint(self, name: str) -> None:
        """Set a savepoint; it replaces one with the same name."""
        self._savepoints.pop(name, None)
        self._savepoints[name] = len(self._done)

    def rollback_to(self, name: str) -> None:
        """Roll back to a savepoint.

        Raises:
            OraError: ORA-01086 if there is no such savepoint; ORA-03001 if the statements before it
                cannot be repeated: nothing is undone, or everything if the data has changed.
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
        """Undo the work in this context if an OraError leaves it, unless it was committed."""
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
        """Run statements (DDL) in a transaction of their own; no transaction may be open.

        Raises:
            duckdb.Error: one failed; none had an effect.
        """
        self.connection.execute("BEGIN TRANSACTION")
        try:
            self.connection.execute(sql).fetchall()
            self.connection.execute("COMMIT")
        except duckdb.Error:
            self.connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Roll back and close the connection."""
        self.rollback()
        self.connection.close()

    def _execute(self, sql: str, values: Values) -> int:
        self.connection.execute(sql, dict(values) or None)
        row_count = self.connection.rowcount
        rows = self.connection.fetchall()
        return row_count if row_count >= 0 else len(rows)  # RETURNING gives no row count

    def _repeat(self, done: _Done) -> int:
        whole = array_insert(done.sql) if len(done.rows) > 1 else None
        lists = as_lists(done.rows) if whole else None
        if whole is not None and lists is not None:
            return self._execute(whole, lists)
        return sum(self._execute(done.sql, values) for values in done.rows)

    def _keep(self, done: _Done) -> None:
        """Record what ran; rows of one insert stay together, so that they are quick to repeat."""
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
    """The second half and the first: the order in which a stack returns them."""
    middle = len(rows) // 2
    return rows[middle:], rows[:middle]
