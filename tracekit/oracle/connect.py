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

    Opens a connection per use; a fetch of many batches reuses its connections. At most
    `max_concurrent` are open at once. Safe to share between threads.

    Args:
        dsn: `host:port/service`, a TNS descriptor, or an alias that python-oracledb resolves.
        user: The user to log on as.
        password: Their password. It is never shown, logged or put into an error.
        call_timeout_ms: Time limit of one round trip, and of the wait for a free connection.
        connect_timeout_ms: Time limit of connecting, from TCP to the completed log-on.
        max_concurrent: Maximum number of open connections.
        fetchmany_size: Rows in a row batch.
        retry_attempts: Number of retries after a connection fault (see
            `tracekit.oracle.connection_faults`) if no row was returned yet; 0 disables retries.
        retry_wait_ms: Wait before the first retry; it doubles each time.
        retry_max_seconds: No retry starts later than this after the first fault.
        driver_options: Any other parameter of `oracledb.connect`, by its name there, such as
            `wallet_location`, `wallet_password`, `config_dir`, `ssl_server_dn_match`.

    Raises:
        ConfigError: a limit is below 1, or a driver option is unknown.

    Attributes:
        retry: Applies the retry settings; its `count` is the number of retries so far.
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
        """The database that `settings` name; by default they are read from the environment.

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
                raise ConfigError(f"{name} is not set. It is needed to connect to Oracle.")
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
        """This database for one fetch of many statements, which does its own retries.

        Connections stay open until `readers` are done, and are closed when they are
        cancelled. A connection fault is raised immediately.
        """
        mine = copy.copy(self)
        mine._readers = readers
        return mine

    def without_retry(self) -> Database:
        """The same database without retries: faults are raised immediately."""
        mine = copy.copy(self)
        mine.retry = Retry(0, 1, 1)
        return mine

    def _retrying(self, work: Callable[[], T]) -> T:
        return work() if self._readers is not None else self.retry.call(work)

    def __repr__(self) -> str:
        return f"Database(dsn={self.dsn!r}, user={self.user!r})"

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments that recreate this database in another process.

        They include `password` (and `wallet_password`), so pass them on privately.
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
        """The arguments that must not reach a command line, a log or a report."""
        return {name: value for name, value in self.arguments.items() if name in _SECRETS}

    @property
    def plain_arguments(self) -> dict[str, Any]:
        """The others."""
        return {name: value for name, value in self.arguments.items() if name not in _SECRETS}

    @contextmanager
    def connect(self, timeout_seconds: float | None = None) -> Iterator[oracledb.Connection]:
        """Open a connection for the block and close it at the end.

        Connecting may be retried; the block runs once.

        Args:
            timeout_seconds: Time limit of one round trip; default `call_timeout_ms`.

        Raises:
            ConnectError: no connection came free in time, or the database could not be reached
                or refused the log-on.
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

        If the connection fails, the whole query is run again.

        Args:
            sql: A query, with placeholders `:name` or `:1`.
            params: The values bound to them: a mapping or a sequence.
            timeout_seconds: Time limit of one round trip; default `call_timeout_ms`.

        Raises:
            ConnectError: the database could not be reached or refused the log-on.
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

        Nothing is opened before the first batch is requested. Cursor and connection are closed
        when the iterator ends, fails or is closed early. If the connection fails before the first
        batch, the query is run again; after that it is an error, because rows were returned.

        Args:
            sql: A query, with placeholders `:name` or `:1`.
            params: The values bound to them: a mapping or a sequence.
            timeout_seconds: Time limit of one round trip; default `call_timeout_ms`.
            batch_size: Rows in a row batch; default `fetchmany_size`.

        Raises:
            ConnectError: the database could not be reached or refused the log-on.
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

        Whole numbers stay exact; `tracekit.oracle.arrow` explains how NUMBER columns are typed.
        Laziness and errors are those of `read_sql_df_slow_iter`.

        Args:
            sql: A query, with placeholders `:name` or `:1`.
            params: The values bound to them: a mapping or a sequence.
            timeout_seconds: Time limit of one round trip; default `call_timeout_ms`.
            batch_size: Rows in an Arrow batch; default `fetchmany_size`.
            shape: The result of `describe_arrow`, for a query that is read many times.
        """
        size = self._batch_size(batch_size)
        return self._read(
            lambda connection: iter_arrow_batches(connection, sql, params, size, shape),
            timeout_seconds,
        )

    def describe_arrow(self, sql: str, timeout_seconds: float | None = None) -> ArrowShape:
        """The Arrow types of the columns of `sql`, without running it.

        Raises:
            ConnectError: the database could not be reached or refused the log-on.
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
            ConnectError: the database could not be reached or refused the log-on.
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
        # A statement cache does not help a single statement, and it ties connection, cursor and
        # the last row batch into a reference cycle: megabytes that wait for the collector.
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
            raise ConfigError(f"{name!r} is not an option of oracledb.connect. Check its spelling.")
    return options
