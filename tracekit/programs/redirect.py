"""Send every Oracle connection of someone else's program to a database of ours."""

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
    """A target for the python-oracledb connections of every process that is given `environment()`.

    Whatever DSN, user, password, wallet or token those processes name, they are logged in at `dsn`
    as `user`; `connection.username` says so too. What cannot be redirected is refused with an
    error there: thick mode, cx_Oracle, connectorx, a child Python without tracekit. No host that
    they name as their database is reached. It works through a `.pth` file that tracekit installs
    beside itself, so each Python must have tracekit installed.

    Args:
        dsn: where connections go, as python-oracledb takes it.
        user: who logs in there.
        password: theirs; it is kept in a file that only this user can read.
        named_hosts: further `HOST` or `HOST:PORT` that must not be reached.

    Raises:
        ConfigError: one of the first three is empty, or `dsn` names no host.

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
                raise ConfigError(f"a redirect needs a {name}: without one nothing is redirected")
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
        """Remove the target's file and the log: a process left behind connects no more."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def environment(self) -> dict[str, str]:
        """Variables that a program is started with, on top of its own; they hold no secret."""
        return {VARIABLE: str(self._entered() / "target.json")}

    def check(self, python: str) -> None:
        """Make sure that this Python interpreter loads the redirect, by starting it once.

        Raises:
            ConfigError: it does not, so its connections would reach what the program names.
        """
        if not loads_redirect(python, self.environment()[VARIABLE]):
            raise ConfigError(
                f"{python} does not load the redirect of Oracle connections, so they would reach "
                "what the program names. Install tracekit there (an editable install from before "
                f"the redirect: once more), or use {sys.executable}"
            )

    @property
    def log(self) -> Path:
        """The file that the program's processes write while they run; `redirected` reads it."""
        return self._entered() / "log.jsonl"

    def redirected(self) -> tuple[Redirected, ...]:
        """What was redirected so far."""
        return redirected(self.log)

    def refused(self) -> tuple[str, ...]:
        """What would have escaped and was refused so far, each once."""
        return refused(self.log)

    def processes(self) -> frozenset[int]:
        """Ids of the processes that turned the redirect on."""
        return frozenset(int(fact["pid"]) for fact in _facts(self.log, "started"))

    def _entered(self) -> Path:
        if self._folder is None:
            raise ConfigError("the redirect is not on: use it inside its with block")
        return self._folder


def redirected(log: Path) -> tuple[Redirected, ...]:
    """What the programs that write `log` named and how many connections they were given.

    Connections are counted as a program sees them: each `connect` and each one taken from a pool.
    """
    counts = Counter(str(fact["dsn"]) for fact in _facts(log, "connection"))
    return tuple(Redirected(dsn, connections) for dsn, connections in sorted(counts.items()))


def refused(log: Path) -> tuple[str, ...]:
    """What the programs that write `log` tried and were refused, each once."""
    return tuple(dict.fromkeys(str(fact["what"]) for fact in _facts(log, "refused")))


def _facts(log: Path, event: str) -> Iterator[dict[str, Any]]:
    for line in log.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        if fact["event"] == event:
            yield fact


def _addresses(dsn: str) -> tuple[tuple[str, int], ...]:
    import oracledb  # the parent of a program pays for it only when it redirects

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
        raise ConfigError(
            f"dsn={dsn!r}: a redirect needs a host that is known here: {exc}"
        ) from exc
    if not written:
        raise ConfigError(f"dsn={dsn!r}: a redirect needs HOST:PORT/SERVICE")
    return tuple(sorted(written | resolved))
