"""A session's writing connection: one transaction, statement by statement.

DuckDB drops the whole transaction when a statement fails; in Oracle the statement alone is undone.
So the transaction's statements are kept, and after a failure they are run again. That is right
only if they do the same again; where this cannot be known the transaction is rolled back and the
client gets ORA-03001.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from tracekit.errors import LocalWireError
from tracekit.localdb.duck.array_insert import MAX_ROWS, MIN_ROWS, array_insert, as_lists
from tracekit.localdb.ora_error import OraError

VOLATILE = re.compile(
    r"\b(nextval|random|uuid|gen_random_uuid|now|current_timestamp|clock_timestamp)\b",
    re.IGNORECASE,
)
DREW = "it drew from a sequence or the clock"
LOST = (
    "unimplemented feature: undoing a failed statement here; the transaction was rolled back "
    "({reason})"
)

Values = Mapping[str, Any]
Taken = TypeVar("Taken")


@dataclass(frozen=True)
class _Done:
    sql: str
    values: Values
    row_count: int
    volatile: bool


class WritingConnection:
    """Runs DML in a transaction that starts with the first statement.

    Args:
        connection: this object's own.
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

    def run(self, sql: str, values: Values, *, volatile: bool = False) -> int:
        """Run one DML statement; the number of rows it touched.

        Args:
            sql: the statement.
            values: of its parameters.
            volatile: it would do something else when run again, though its text does not say so.

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
        self._done.append(_Done(sql, values, row_count, _is_volatile(sql) or volatile))
        return row_count

    def run_returning(
        self,
        sql: str,
        values: Values,
        take: Callable[[pa.Table], Taken],
        *,
        volatile: bool = False,
    ) -> Taken:
        """Run one DML statement with RETURNING and pass its rows on.

        Args:
            sql: the statement.
            values: of its parameters.
            take: what to make of the rows; what it raises undoes the statement.
            volatile: as for `run`.

        Raises:
            duckdb.Error: it failed; the transaction is as it was before.
            OraError: ORA-03001, it failed and the transaction could not be kept; or from `take`.
        """
        self._begin()
        try:
            # Not a DB-API call: that would copy every row once more. It runs at once, not lazily.
            table = self.connection.sql(sql, params=dict(values) or None).to_arrow_table()
        except duckdb.Error:
            self.recover()
            raise
        try:
            taken = take(table)
        except (OraError, LocalWireError):
            self.restore()
            raise
        self._done.append(_Done(sql, values, table.num_rows, _is_volatile(sql) or volatile))
        return taken

    def run_each(self, sql: str, rows: Sequence[Values], *, volatile: bool = False) -> list[int]:
        """Run one DML statement for every row of values; the rows each touched.

        Args:
            sql: the statement.
            rows: values of its parameters.
            volatile: as for `run`.

        Raises:
            duckdb.Error: it failed for a row; the rows before it are kept.
            OraError: ORA-03001, it failed and the transaction could not be kept.
        """
        whole = array_insert(sql) if len(rows) >= MIN_ROWS else None
        counts: list[int] = []
        for start in range(0, len(rows), MAX_ROWS):
            part = rows[start : start + MAX_ROWS]
            if whole is None or not self._run_at_once(whole, part, volatile):
                counts += [self.run(sql, values, volatile=volatile) for values in part]
            else:
                counts += [1] * len(part)
        return counts

    def _run_at_once(self, sql: str, rows: Sequence[Values], volatile: bool) -> bool:
        """Whether all rows could be inserted by one statement; else none is."""
        lists = as_lists(rows)
        if lists is None:
            return False
        try:
            self.run(sql, lists, volatile=volatile)
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            return False  # one by one they fail at the right row
        return True

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
        if any(statement.volatile for statement in done):
            self._savepoints = {}
            raise OraError(3001, LOST.format(reason=DREW))
        self.connection.execute("BEGIN TRANSACTION")
        self._open = True
        try:
            for statement in done:
                if self._execute(statement.sql, statement.values) != statement.row_count:
                    self.rollback()
                    raise OraError(3001, LOST.format(reason="the data has changed since"))
        except duckdb.Error as error:
            self.rollback()
            raise OraError(3001, LOST.format(reason="it cannot be repeated")) from error
        self._done = done

    def commit(self, last: Sequence[str] = ()) -> None:
        """Keep the work.

        Args:
            last: statements that belong to committing, run only if there is work.

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
        if any(statement.volatile for statement in kept):
            raise OraError(
                3001, f"unimplemented feature: rolling back to a savepoint here ({DREW})"
            )
        self._done = kept
        self.restore()

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

    def _undo(self) -> None:
        was_open = self._open
        self._forget()
        if was_open:
            self.connection.execute("ROLLBACK")

    def _forget(self) -> None:
        self._open = False
        self._done = []


def _is_volatile(sql: str) -> bool:
    return VOLATILE.search(sql) is not None
