"""`Database`: connections to one Oracle database, with limits, and the ways to read from it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import oracledb

from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.oracle.arrow import ArrowShape, describe, iter_arrow_batches
from tracekit.oracle.connect_deadline import connect_within
from tracekit.oracle.dataframe import fetch_dataframe
from tracekit.oracle.gate import connecting, reading
from tracekit.oracle.idle import Connections, no_free_connection
from tracekit.oracle.readers import Readers, held_by
from tracekit.oracle.retry import Retry
from tracekit.oracle.rows import RowBatch, describe_query, iter_row_batches
from tracekit.sizes import at_least_one

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
_SECRETS = ("password", "wallet_password")


class Database:
    """Connections to one Oracle database, and the ways to read from it.

    Opens a connection per use, or one for all queries that a fetch of many batches makes one after
    another; at most `max_concurrent` at once. Safe to share between threads.

    Args:
        dsn: `host:port/service`, a TNS descriptor or an alias python-oracledb resolves.
        user: Who logs in.
        password: Never shown, logged or put into an error.
        call_timeout_ms: Longest one round trip, and one wait for a free connection, may take.
        connect_timeout_ms: Longest connecting may take, from TCP until logged on.
        max_concurrent: Connections open at once.
        fetchmany_size: Rows a row batch holds.
        retry_attempts: Further attempts after a fault of the connection (one that
            `tracekit.oracle.connection_faults` lists), while no row was handed out; 0 for none.
        retry_wait_ms: The wait before the first of them; it doubles each time.
        retry_max_seconds: No further attempt begins later than this after the first fault.
        driver_options: Anything else `oracledb.connect` takes, by its name there, such as
            `wallet_location`, `wallet_password`, `config_dir`, `ssl_server_dn_match`.

    Raises:
        ConfigError: a limit is below 1, or a driver option is unknown.

    Attributes:
        retry: Tries work again by these settings; its `count` is how often that was.
    """

    def __init__(
        self,
        dsn: str,
        user: str,
        password: str,
        *,
        call_timeout_ms: int = 300_000,
        connect_timeout_ms: int = 60_000,
        max_concurrent: int = 5,
        fetchmany_size: int = 5000,
        retry_attempts: int = 3,
        retry_wait_ms: int = 500,
        retry_max_seconds: int = 60,
        **driver_options: Any,
    ) -> None:
        self.dsn = dsn
        self.user = user
        self._password = password
        self.call_timeout_ms = at_least_one("call_timeout_ms", call_timeout_ms)
        self.connect_timeout_ms = at_least_one("connect_timeout_ms", connect_timeout_ms)
        self.max_concurrent = at_least_one("max_concurrent", max_concurrent)
        self.fetchmany_size = at_least_one("fetchmany_size", fetchmany_size)
        self.retry = Retry(retry_attempts, retry_wait_ms, retry_max_seconds)
        self._driver_options = _known_options(driver_options)
        self._connections = Connections(max_concurrent)
        self._readers: Readers | None = None

    @classmethod
    def from_env(cls, settings: Settings | None = None, **driver_options: Any) -> Database:
        """The database that `settings` (default: the environment) name.

        Raises:
            ConfigError: DB_HOST, DB_USER or the password is missing, or a value is malformed.
        """
        found = (settings or Settings.from_env()).database
        for name, value in (
            ("DB_HOST", found.dsn),
            ("DB_USER", found.user),
            ("DB_PASSWORD (or DB_PASSWORD_FILE)", found.password),
        ):
            if value is None:
                raise ConfigError(f"{name} is not set: it says which Oracle database to read.")
        assert found.dsn is not None and found.user is not None and found.password is not None
        return cls(
            found.dsn,
            found.user,
            found.password,
            call_timeout_ms=found.call_timeout_ms,
            connect_timeout_ms=found.connect_timeout_ms,
            max_concurrent=found.max_concurrent,
            fetchmany_size=found.fetchmany_size,
            retry_attempts=found.retry_attempts,
            retry_wait_ms=found.retry_wait_ms,
            retry_max_seconds=found.retry_max_seconds,
            **driver_options,
        )

    def read_by(self, readers: Readers) -> Database:
        """The same database for one fetch of many statements, which tries again by itself.

        Its connections stay open until `readers` have read, and are broken off when they are
        cancelled. A fault of a connection is raised immediately.
        """
        mine = copy.copy(self)
        mine._readers = readers
        return mine

    def without_retry(self) -> Database:
        """The same database, whose faults are raised immediately."""
        mine = copy.copy(self)
        mine.retry = Retry(0, 1, 1)
        return mine

    def _retrying(self, work: Callable[[], T]) -> T:
        return work() if self._readers is not None else self.retry.call(work)

    def __repr__(self) -> str:
        return f"Database(dsn={self.dsn!r}, user={self.user!r})"

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments that make this database again in another process.

        They hold `password` (and `wallet_password`): hand them on where nobody looks.
        """
        return {
            "dsn": self.dsn,
            "user": self.user,
            "password": self._password,
            "call_timeout_ms": self.call_timeout_ms,
            "connect_timeout_ms": self.connect_timeout_ms,
            "max_concurrent": self.max_concurrent,
            "fetchmany_size": self.fetchmany_size,
            "retry_attempts": self.retry.attempts,
            "retry_wait_ms": self.retry.wait_ms,
            "retry_max_seconds": self.retry.max_seconds,
            **self._driver_options,
        }

    @property
    def secrets(self) -> dict[str, Any]:
        """Those of `arguments` that must not reach a command line, a log or a report."""
        return {name: value for name, value in self.arguments.items() if name in _SECRETS}

    @property
    def plain_arguments(self) -> dict[str, Any]:
        """The others."""
        return {name: value for name, value in self.arguments.items() if name not in _SECRETS}

    @contextmanager
    def connect(self, timeout_seconds: float | None = None) -> Iterator[oracledb.Connection]:
        """A connection of its own, closed at the end of the block, in one of the slots.

        Connecting may be tried again; the block runs once.

        Args:
            timeout_seconds: Longest one round trip may take; default `call_timeout_ms`.

        Raises:
            ConnectError: no slot came free in time, or the database refused us.
            FetchError: the driver failed inside the block.
        """
        with ExitStack() as stack:
            yield self._retrying(
                lambda: stack.enter_context(self._connect(timeout_seconds, self._driver_options))
            )

    @contextmanager
    def _connect(
        self, timeout_seconds: float | None, driver_options: Mapping[str, Any]
    ) -> Iterator[oracledb.Connection]:
        timeout_ms = self._timeout_ms(timeout_seconds)
        connection = self._take(driver_options)
        try:
            if connection is None:
                with connecting(self.dsn):
                    connection = connect_within(
                        self.connect_timeout_ms,
                        self.dsn,
                        driver_options,
                        user=self.user,
                        password=self._password,
                    )
            self.retry.reached()
            with reading(self.dsn), held_by(self._readers, connection):
                connection.call_timeout = timeout_ms
                yield connection
        except BaseException:
            self._connections.give_up(connection)
            # The idle ones may have failed for the same reason.
            self._connections.close_idle()
            raise
        self._connections.give_back(connection, driver_options, self._readers)

    def _take(self, driver_options: Mapping[str, Any]) -> oracledb.Connection | None:
        try:
            return self._connections.take(driver_options, self.call_timeout_ms / 1000)
        except TimeoutError:
            raise no_free_connection(self.dsn, self.max_concurrent, self.call_timeout_ms) from None

    def read_sql_df(
        self, sql: str, params: Any = None, timeout_seconds: float | None = None
    ) -> pd.DataFrame:
        """All rows of `sql` at once as a DataFrame with upper-case column names.

        Where the connection fails the query is run anew, as a whole.

        Args:
            sql: A query, with placeholders `:name` or `:1`.
            params: The values bound to them: a mapping or a sequence.
            timeout_seconds: Longest one round trip may take.

        Raises:
            ConnectError: the database could not be reached or refused us.
            FetchError: the query failed.
        """

        def read() -> pd.DataFrame:
            with self._connect(timeout_seconds, self._driver_options) as connection:
                return fetch_dataframe(connection, sql, params)

        return self._retrying(read)

    def read_sql_df_slow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
    ) -> Generator[RowBatch, None, None]:
        """The rows of `sql` in row batches: `(columns, rows)` for each fetchmany call.

        Nothing is opened before the first batch is asked for. Cursor and connection are closed
        when the iterator ends, fails or is closed half-way. Where the connection fails before the
        first batch the query is run anew; later that is an error, because rows were handed out.

        Args:
            sql: A query, with placeholders `:name` or `:1`.
            params: The values bound to them: a mapping or a sequence.
            timeout_seconds: Longest one round trip may take.
            batch_size: Rows of a row batch; default `fetchmany_size`.

        Raises:
            ConnectError: the database could not be reached or refused us.
            FetchError: the query failed.
        """
        size = self._batch_size(batch_size)
        return self._read(
            lambda connection: iter_row_batches(connection, sql, params, size), timeout_seconds
        )

    def read_sql_arrow_iter(
        self,
        sql: str,
        params: Any = None,
        timeout_seconds: float | None = None,
        batch_size: int | None = None,
        *,
        shape: ArrowShape | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        """The rows of `sql` as Arrow record batches, all of one schema.

        Whole numbers stay exact: see `tracekit.oracle.arrow` for how NUMBER columns are typed.
        Arguments, laziness and errors are those of `read_sql_df_slow_iter`. A query that is read
        again and again is described once by `describe_arrow` and its `shape` passed here.
        """
        size = self._batch_size(batch_size)
        return self._read(
            lambda connection: iter_arrow_batches(connection, sql, params, size, shape),
            timeout_seconds,
        )

    def describe_arrow(self, sql: str, timeout_seconds: float | None = None) -> ArrowShape:
        """How the columns of `sql` are typed in Arrow, without running it.

        Raises:
            ConnectError: the database could not be reached or refused us.
            NoArrowType: a column has no Arrow type.
            FetchError: the query cannot be described.
        """

        def read() -> ArrowShape:
            with self._connect(timeout_seconds, self._driver_options) as connection:
                return describe(connection, sql)

        return self._retrying(read)

    def describe(self, sql: str, timeout_seconds: float | None = None) -> list[oracledb.FetchInfo]:
        """The columns of `sql` as the driver describes them, without running it.

        Raises:
            ConnectError: the database could not be reached or refused us.
            FetchError: the query cannot be described.
        """

        def read() -> list[oracledb.FetchInfo]:
            with self._connect(timeout_seconds, self._driver_options) as connection:
                return describe_query(connection, sql)

        return self._retrying(read)

    def _read(
        self,
        open_batches: Callable[[oracledb.Connection], Generator[T, None, None]],
        timeout_seconds: float | None,
    ) -> Generator[T, None, None]:
        # For one statement a cache is of no use, and it ties connection, cursor and the last row
        # batch into a cycle of references: megabytes that wait for the cyclic collector.
        options = {"stmtcachesize": 0} | self._driver_options
        with ExitStack() as stack:

            def begin() -> tuple[Generator[T, None, None], list[T]]:
                with ExitStack() as opened:
                    connection = opened.enter_context(self._connect(timeout_seconds, options))
                    batches = opened.enter_context(closing(open_batches(connection)))
                    first = list(islice(batches, 1))
                    stack.push(opened.pop_all())
                    return batches, first

            batches, first = self._retrying(begin)
            if first:
                yield first.pop()
            yield from batches

    def _batch_size(self, batch_size: int | None) -> int:
        return self.fetchmany_size if batch_size is None else at_least_one("batch_size", batch_size)

    def _timeout_ms(self, timeout_seconds: float | None) -> int:
        if timeout_seconds is None:
            return self.call_timeout_ms
        if timeout_seconds <= 0:
            raise ConfigError(f"timeout_seconds={timeout_seconds!r}: expected more than 0")
        return max(1, round(timeout_seconds * 1000))


def _known_options(options: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(oracledb.connect).parameters
    for name in options:
        if name not in known:
            raise ConfigError(f"{name!r} is not an option of oracledb.connect; check its spelling.")
    return options
