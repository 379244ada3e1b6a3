"""The local Oracle's server as a child process that cannot outlive its parent."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, Any

from tracekit.errors import ConfigError, ConnectError

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_LOG_TAIL_BYTES = 4000


@dataclass(frozen=True)
class ServerReady:
    """The message of a server that listens."""

    port: int
    banner: str


class ServerProcess:
    """A server's module, started with one JSON line on its stdin and stopped by closing that.

    The server ends at end of file on its stdin, so it also ends when this process is killed. It
    runs in a session of its own: Ctrl-C at a terminal reaches us, and we stop it in order.

    Args:
        module: The module that `python -m` runs.
        title: Its name in messages.
    """

    def __init__(self, module: str = "tracekit.localdb", title: str = "the local Oracle") -> None:
        self._module = module
        self._title = title
        self._asking = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def start(self, specification: dict[str, Any]) -> ServerReady:
        """Start it with `specification` and wait until it listens.

        Raises:
            ConnectError: it ended, or did not listen within a minute; the message ends with the
                last lines of its log.
        """
        self._log = tempfile.TemporaryFile(prefix="tracekit-localdb-")  # noqa: SIM115 (stop closes it)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DB_PASSWORD")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            start_new_session=True,
        )
        try:
            return self._handshake(self._process, specification)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    def ask(self, command: dict[str, Any], *, seconds: float = _ANSWER_SECONDS) -> dict[str, Any]:
        """Send the running server a command (`tracekit.localdb.control`) and return its answer.

        Args:
            command: The command.
            seconds: Time limit of the answer.

        Raises:
            ConfigError: it does not understand the command.
            ConnectError: it does not answer.
        """
        process = self._process
        if process is None:
            raise ConnectError(f"{self._title} is not running. Use it inside its with block")
        assert process.stdin is not None and process.stdout is not None
        with self._asking:
            with contextlib.suppress(BrokenPipeError):  # no answer comes then
                process.stdin.write(json.dumps(command).encode("utf-8") + b"\n")
                process.stdin.flush()
            line = read_line(process.stdout, time.monotonic() + seconds)
        if not line:
            raise ConnectError(f"{self._title} does not answer:\n{self.log_tail()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(f"{self._title} refused {command}: {answer['error']}")
        return answer

    def exit_code(self) -> int | None:
        """Its exit code once it ended by itself; None while it runs, or was stopped."""
        return self._process.poll() if self._process else None

    def wait(self) -> int:
        """Block until the server ends; its exit code."""
        assert self._process is not None
        return self._process.wait()

    def log_tail(self) -> str:
        """The last lines of what the server logged."""
        if self._log is None:
            return ""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - _LOG_TAIL_BYTES))
        return self._log.read().decode("utf-8", "replace").strip()

    def stop(self) -> None:
        """End the server and wait for it; may be called more than once."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._log is not None:
            self._log.close()
            self._log = None

    def _handshake(
        self, process: subprocess.Popen[bytes], specification: dict[str, Any]
    ) -> ServerReady:
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once: its stdout says so below
            process.stdin.write(json.dumps(specification).encode("utf-8") + b"\n")
            process.stdin.flush()
        line = read_line(process.stdout, time.monotonic() + _START_SECONDS)
        if not line:
            raise ConnectError(f"{self._title} did not start:\n{self.log_tail()}")
        answer = json.loads(line)
        return ServerReady(port=int(answer["port"]), banner=str(answer["banner"]))


def read_line(stream: IO[bytes], deadline: float) -> bytes:
    """One line of a process's output, or b"" at its end or at the deadline (time.monotonic)."""
    received = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return b""
            piece = os.read(stream.fileno(), 65_536)
            if not piece:
                return b""
            received += piece
    return received


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        from tracekit.localdb.duck.spool_folder import sweep  # loads DuckDB

        sweep()  # what it could not remove itself
    finally:
        process.stdout.close()
