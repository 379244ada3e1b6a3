"""Send every Oracle connection of an unmodified program to another database."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from tracekit.errors import ConfigError
from tracekit.programs.redirect_children import loads_redirect
from tracekit.programs.redirect_target import VARIABLE, Target
from tracekit.records import Redirected


class Redirect:
    """Redirects the python-oracledb connections of every process started with `environment()`.

    Whatever DSN, user, password, wallet or token those processes name, they are connected to `dsn`
    as `user`, which is also their `connection.username`. What cannot be redirected fails with an
    error in the program: thick mode, cx_Oracle, connectorx, a child Python without tracekit. Hosts
    that they name as their database are never contacted. It works through a `.pth` file that is
    installed with tracekit, so each Python must have tracekit installed.

    Args:
        dsn: The target of the connections, as python-oracledb takes it.
        user: The user to log on as.
        password: Their password; it is kept in a file that only the current user can read.
        named_hosts: Additional `HOST` or `HOST:PORT` that must not be contacted.

    Raises:
        ConfigError: one of the first three is empty, or `dsn` has no host.

    Example:
        with LocalOracle("payments") as local:
            with Redirect(dsn=local.dsn, user=local.user, password=local.password) as redirect:
                subprocess.run([sys.executable, "job.py"], env=os.environ | redirect.environment())
                print(redirect.redirected())
    """

    def __init__(
        self, *, dsn: str, user: str, password: str, named_hosts: Iterable[str] = ()
    ) -> None:
        for name, value in (("dsn", dsn), ("user", user), ("password", password)):
            if not value:
                raise ConfigError(f"a redirect needs a {name}, and it is empty")
        self._dsn = dsn
        self._user = user
        self._password = password
        self._named_hosts = tuple(named_hosts)
        self._addresses = _addresses(dsn)
        self._folder: Path | None = None

    def __enter__(self) -> Redirect:
        """Write the target's file."""
        folder = Path(tempfile.mkdtemp(prefix="tracekit-redirect-"))  # 0700
        self._folder = folder
        self.log.touch()
        Target(
            dsn=self._dsn,
            user=self._user,
            password=self._password,
            addresses=self._addresses,
            named_hosts=self._named_hosts,
            log=str(self.log),
        ).write(folder / "target.json")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the target's file and the log; processes left behind cannot connect any more."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def environment(self) -> dict[str, str]:
        """The environment variables to add for a program; they contain no secret."""
        return {VARIABLE: str(self._entered() / "target.json")}

    def check(self, python: str) -> None:
        """Check that a Python interpreter loads the redirect, by starting it once.

        Raises:
            ConfigError: it does not, so its connections would not be redirected.
        """
        if not loads_redirect(python, self.environment()[VARIABLE]):
            raise ConfigError(
                f"{python} does not load the redirect, so its Oracle connections would go to the "
                "databases that the program names. Install tracekit there (reinstall an older "
                f"editable install), or use {sys.executable}"
            )

    @property
    def log(self) -> Path:
        """The file that the program's processes write while they run; `redirected` reads it."""
        return self._entered() / "log.jsonl"

    def redirected(self) -> tuple[Redirected, ...]:
        """What was redirected so far."""
        return redirected(self.log)

    def refused(self) -> tuple[str, ...]:
        """What could not be redirected and was refused so far, each once."""
        return refused(self.log)

    def processes(self) -> frozenset[int]:
        """Ids of the processes that turned the redirect on."""
        return frozenset(int(fact["pid"]) for fact in _facts(self.log, "started"))

    def _entered(self) -> Path:
        if self._folder is None:
            raise ConfigError("the redirect is not active. Use it inside its with block")
        return self._folder


def redirected(log: Path) -> tuple[Redirected, ...]:
    """The databases that programs named, according to `log`, and their numbers of connections.

    Connections are counted as the program sees them: each `connect` and each one from a pool.
    """
    counts = Counter(str(fact["dsn"]) for fact in _facts(log, "connection"))
    return tuple(Redirected(dsn, connections) for dsn, connections in sorted(counts.items()))


def refused(log: Path) -> tuple[str, ...]:
    """What programs tried and were refused, according to `log`, each once."""
    return tuple(dict.fromkeys(str(fact["what"]) for fact in _facts(log, "refused")))


def _facts(log: Path, event: str) -> Iterator[dict[str, Any]]:
    for line in log.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        if fact["event"] == event:
            yield fact


def _addresses(dsn: str) -> tuple[tuple[str, int], ...]:
    import oracledb  # imported only if it redirects

    from tracekit.programs.redirect_named import params_addresses

    params = oracledb.ConnectParams()
    try:
        params.parse_connect_string(dsn)
        written = params_addresses(params)
        resolved = {
            (str(entry[4][0]), port)
            for host, port in written
            for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except (oracledb.Error, OSError) as exc:
        raise ConfigError(f"dsn={dsn!r}: the host cannot be resolved: {exc}") from exc
    if not written:
        raise ConfigError(f"dsn={dsn!r}: a redirect needs HOST:PORT/SERVICE")
    return tuple(sorted(written | resolved))
