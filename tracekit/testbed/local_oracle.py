"""The context manager that people and tests use to get an Oracle out of nothing."""

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
        source: a workload's name, a Workload, the path of a DuckDB file, or `":memory:"`.
        keys: how many keys a generated workload has; None for as many as its definition says.
        host: address to listen on; anything but loopback needs `allow_remote`.
        port: port to listen on, 0 for any free one.
        user: name to log in with.
        password: password to log in with; None for a new random one.
        allow_remote: permit a `host` that other machines can reach.
        cache_dir: where built workloads are kept; default from TRACEKIT_CACHE_DIR.
        sysdate: what SYSDATE is; None for the workload's pinned one, else the clock.
        writable: let changes reach the DuckDB file itself.
        progress: called with (step, fraction done) while a missing workload is built.
        faults: how it misbehaves from its start, as records or text (`drop_after rows=5000 once`);
            `faults` of the running one changes that.
        init: a SQL*Plus style script in Oracle's dialect that is run before anybody is served.

    Example:
        with LocalOracle("trace-smoke") as local:
            frame = local.database.read_sql_df("SELECT COUNT(*) FROM DW_MES_CONTAINER")

    Raises:
        ConfigError: a fault makes no sense, or a statement of `init` failed (file, line, error).
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
        """Build the workload where it is missing, start the server, wait until it listens."""
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
        """Stop the server; what was written to its overlay is gone."""
        self._ready = None
        self._process.stop()

    def restart(self) -> None:
        """Stop the server and start it again on the same port.

        Connections end, changes that did not reach a file are gone, and the faults are those it
        was first started with. A `fresh` copy is made anew, what `init` makes too.

        Raises:
            ConnectError: it did not start again, as when another program took the port meanwhile.
        """
        port = self._started().port
        self._ready = None
        self._process.stop()
        self._ready = self._process.start(self._specification(port))
        if not self._writable:  # else what it made is still there
            self._run_init()
        if self._service != SERVICE:
            self._process.ask({"do": "clone", "name": self._service})

    @contextmanager
    def fresh(self) -> Iterator[LocalOracle]:
        """A private copy of the database, on the same server, until the block is left.

        It starts as what this database holds by then, tables and sequences in all schemas; what
        is written there is seen nowhere else, and gone afterwards. Its `dsn` names a service of
        its own; user, password and faults are the server's. Takes milliseconds, whatever the size
        of the tables: a table is copied when it is first written.

        Example:
            with LocalOracle("trace-smoke") as local, local.fresh() as mine:
                mine.database.connect()

        Raises:
            ConnectError: the server does not run.
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
        """What the server calls itself."""
        return self._started().banner

    @property
    def database(self) -> Database:
        """A new Database that points at this server, with the limits the settings name."""
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
        """Process id of the server while it runs."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The server's exit code once it ended by itself; None while it runs."""
        return self._process.exit_code()

    @property
    def client_count(self) -> int:
        """Connections the server holds open, those still logging on included."""
        return int(self._process.ask({"do": "status"})["clients"])

    def keys(self, limit: int | None = None) -> list[Any]:
        """The workload's keys, the first `limit` of them.

        Raises:
            ConfigError: what is served is not a workload whose definition says where its keys are.
        """
        sql = self.workload.keys if self.workload else None
        if sql is None and self._path is not None:
            sql = workloads.describe_file(self._path).keys
        if sql is None or sql.startswith("@"):
            raise ConfigError(
                f'{self!r} has no query for its keys: write keys = "SELECT ..." into the '
                "workload's definition, or run a query of your own"
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
            return
        if keys is not None and Path(source).suffix in {".duckdb", ".db"}:
            raise ConfigError(f"keys={keys} sizes a workload; {str(source)!r} is a finished file")
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
                f"workload {workload.name!r} has no data of its own to serve: its definition names "
                "neither a database file nor a generator"
            )

    def _started(self) -> ServerReady:
        if self._ready is None:
            raise ConnectError("the local Oracle is not running: use it inside its with block")
        return self._ready


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ConfigError(f"there is no DuckDB file {path}")
    return path
