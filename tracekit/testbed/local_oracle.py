"""The context manager that gives programs and tests a local Oracle."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import oracledb

from tracekit import workloads
from tracekit.config import Settings
from tracekit.errors import ConfigError, ConnectError
from tracekit.localdb.faults import AnyFault
from tracekit.oracle import Database
from tracekit.oracle.key_list import read_keys
from tracekit.testbed.faults import Faults, as_records
from tracekit.testbed.init_script import run_script
from tracekit.testbed.server_process import ServerProcess, ServerReady

SERVICE = "TRACEKIT"
SCHEMA = "DWH"


class LocalOracle:
    """A local Oracle that serves a workload, a DuckDB file or an empty database.

    Args:
        source: A workload's name, a Workload, the path of a DuckDB file, or `":memory:"`.
        keys: Number of keys of a generated workload; None for the number in its definition.
        host: Address to listen on; any except loopback needs `allow_remote`.
        port: Port to listen on, 0 for any free one.
        user: User to log on as.
        password: Password to log on with; None for a new random one.
        allow_remote: Allow a `host` that other machines can reach.
        cache_dir: Folder of built workloads; default from TRACEKIT_CACHE_DIR.
        sysdate: Value of SYSDATE; None for the workload's fixed one, else the clock.
        writable: Let changes reach the DuckDB file itself.
        progress: Called with (step, fraction done) while a missing workload is built.
        faults: Faults to inject from the start, as records or text (`drop_after rows=5000 once`);
            the attribute `faults` changes them at run time.
        init: A SQL*Plus style script in Oracle's dialect to run before serving.

    Example:
        with LocalOracle("trace-smoke") as local:
            frame = local.database.read_sql_df("SELECT COUNT(*) FROM DW_MES_CONTAINER")

    Raises:
        ConfigError: a fault is invalid, or a statement of `init` failed (file, line, error).
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: the server did not start.
    """

    def __init__(
        self,
        source: str | Path | workloads.Workload,
        *,
        keys: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str = "tracekit",
        password: str | None = None,
        allow_remote: bool = False,
        cache_dir: Path | None = None,
        sysdate: datetime | None = None,
        writable: bool = False,
        progress: Callable[[str, float], None] | None = None,
        faults: Iterable[AnyFault | str] | None = None,
        init: str | Path | None = None,
    ) -> None:
        self.user = user
        self.password = password or secrets.token_urlsafe(18)
        self._listen: dict[str, Any] = {"host": host, "port": port, "allow_remote": allow_remote}
        self.workload: workloads.Workload | None = None
        self._path: Path | None = None
        self._settings = Settings.from_env()
        self._cache_dir = cache_dir or self._settings.cache_dir
        self._progress = progress
        self._writable = writable
        self._process = ServerProcess()
        self._faults_at_start = as_records(faults or ())
        self._service = SERVICE
        self._init = Path(init) if init is not None else None
        self.faults = Faults(self._process.ask)
        self._ready: ServerReady | None = None
        self._choose(source, keys)
        pinned = self.workload.sysdate if self.workload else None
        self._sysdate = sysdate or pinned

    def __enter__(self) -> LocalOracle:
        """Build the workload if it is missing, start the server, wait until it listens."""
        if self.workload is not None and self.workload.generator is not None:
            self._path = workloads.build(self.workload, self._cache_dir, progress=self._progress)
        self._ready = self._process.start(self._specification(self._listen["port"]))
        try:
            self._run_init()
        except BaseException:
            self._ready = None
            self._process.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server; changes kept in memory are lost."""
        self._ready = None
        self._process.stop()

    def restart(self) -> None:
        """Stop the server and start it again on the same port.

        Connections end, changes that did not reach a file are lost, and the faults are reset to
        those of the first start. `fresh` copies are made again, and `init` is run again.

        Raises:
            ConnectError: it did not start again, for example because the port is now in use.
        """
        port = self._started().port
        self._ready = None
        self._process.stop()
        self._ready = self._process.start(self._specification(port))
        if not self._writable:  # otherwise its results are still there
            self._run_init()
        if self._service != SERVICE:
            self._process.ask({"do": "clone", "name": self._service})

    @contextmanager
    def fresh(self) -> Iterator[LocalOracle]:
        """A private copy of the database, on the same server, until the end of the block.

        It starts with the current tables and sequences of all schemas. Changes to it are visible
        nowhere else, and are discarded at the end. Its `dsn` has a separate service name; user,
        password and faults are the server's. Making it takes milliseconds, whatever the size of
        the tables, because a table is copied when it is first written.

        Example:
            with LocalOracle("trace-smoke") as local, local.fresh() as mine:
                mine.database.connect()

        Raises:
            ConnectError: the server is not running.
        """
        self._started()
        mine = copy.copy(self)
        mine._service = f"{SERVICE}_{secrets.token_hex(6).upper()}"
        self._process.ask({"do": "clone", "name": mine._service})
        try:
            yield mine
        finally:
            if self._process.pid is not None:
                self._process.ask({"do": "drop_clone", "name": mine._service})

    def __repr__(self) -> str:
        where = self.dsn if self._ready else "not started"
        return f"LocalOracle({str(self._path or ':memory:')!r}, {where})"

    @property
    def dsn(self) -> str:
        """Host, port and service of the running server, as drivers take them."""
        return self._dsn_of(self._service)

    @property
    def banner(self) -> str:
        """The server's own description."""
        return self._started().banner

    @property
    def database(self) -> Database:
        """A new Database for this server, with the limits of the settings."""
        found = replace(
            self._settings.database, dsn=self.dsn, user=self.user, password=self.password
        )
        return Database.from_env(replace(self._settings, database=found))

    @property
    def path(self) -> Path | None:
        """The DuckDB file that is served."""
        return self._path

    @property
    def server_pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The server's exit code if it ended by itself; None while it runs."""
        return self._process.exit_code()

    @property
    def client_count(self) -> int:
        """Number of open connections, including those still logging on."""
        return int(self._process.ask({"do": "status"})["clients"])

    def keys(self, limit: int | None = None) -> list[Any]:
        """The workload's keys, the first `limit` of them.

        Raises:
            ConfigError: it does not serve a workload whose definition has a query for its keys.
        """
        sql = self.workload.keys if self.workload else None
        if sql is None and self._path is not None:
            sql = workloads.describe_file(self._path).keys
        if sql is None or sql.startswith("@"):
            raise ConfigError(
                f'{self!r} has no query for its keys. Add keys = "SELECT ..." to the '
                "workload's definition, or run your own query"
            )
        return read_keys(self.database, sql, limit=limit)

    def wait(self) -> None:
        """Block while the server runs.

        Raises:
            ConnectError: it ended by itself; the message ends with the last lines of its log.
        """
        self._started()
        code = self._process.wait()
        raise ConnectError(f"the local Oracle ended with exit code {code}:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The last lines the server logged."""
        return self._process.log_tail()

    def _dsn_of(self, service: str) -> str:
        return f"{self._listen['host']}:{self._started().port}/{service}"

    def _run_init(self) -> None:
        if self._init is not None:
            dsn = self._dsn_of(SERVICE)
            with oracledb.connect(user=self.user, password=self.password, dsn=dsn) as connection:
                run_script(connection, self._init)

    def _specification(self, port: int) -> dict[str, Any]:
        return {
            "source": str(self._path) if self._path else ":memory:",
            **self._listen,
            "port": port,
            "service": SERVICE,
            "user": self.user,
            "password": self.password,
            "schema": SCHEMA,
            "sysdate": self._sysdate.isoformat() if self._sysdate else None,
            "writable": self._writable,
            "log_file": None,
            "faults": [msgspec.to_builtins(fault) for fault in self._faults_at_start],
        }

    def _choose(self, source: str | Path | workloads.Workload, keys: int | None) -> None:
        if isinstance(source, workloads.Workload):
            self._serve(source if keys is None else source.sized(keys))
            return
        if str(source) == ":memory:":
            if keys is not None:
                raise ConfigError(f"keys={keys} needs a workload; ':memory:' is an empty database")
            if self._writable:
                raise ConfigError("writable needs a DuckDB file; ':memory:' has none")
            return
        if keys is not None and Path(source).suffix in {".duckdb", ".db"}:
            raise ConfigError(f"keys={keys} needs a workload; {str(source)!r} is a DuckDB file")
        if Path(source).suffix in {".duckdb", ".db"}:
            self._path = _existing(Path(source))
            return
        self._serve(workloads.load(source, keys=keys))

    def _serve(self, workload: workloads.Workload) -> None:
        self.workload = workload
        if workload.database is not None:
            self._path = _existing(workload.database)
        elif workload.generator is None:
            raise ConfigError(
                f"workload {workload.name!r} has no data to serve, because its definition names "
                "neither a database file nor a generator"
            )

    def _started(self) -> ServerReady:
        if self._ready is None:
            raise ConnectError("the local Oracle is not running. Use it inside its with block")
        return self._ready


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ConfigError(f"the DuckDB file {path} does not exist")
    return path
