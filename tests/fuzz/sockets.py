"""Cases over sockets, against the server as users run it: its own process, in front of DuckDB."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import oracledb

from tests.fuzz.cases import Case, Failure
from tests.fuzz.memory import GrowthLimit
from tests.fuzz.recording import record_all
from tests.fuzz.wire import LivePlayer, is_complete
from tracekit.testbed.server_process import ServerProcess

SECONDS_PER_ANSWER = 60
MOST_RSS_GROWTH_BYTES = 256 << 20
MOST_PEAK_BYTES = 1 << 30
_USER, _SERVICE = "scott", "TRACEKIT"
_LOOK_EVERY = 50
_ENDED = re.compile(r" client (\d+) \([^)]*\): (?!logged on)(.*)$", re.MULTILINE)
_DEFECT = re.compile(r"^.* (?:ERROR|CRITICAL) .*$|^Traceback", re.MULTILINE)


class SocketFuzz:
    """A server process, a client that must not notice anything, and cases one after the other.

    Args:
        seed: with a case's number it decides everything about the case.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.clients = 0
        self._password = secrets.token_urlsafe(12)
        self._folder = tempfile.TemporaryDirectory(prefix="tracekit-fuzz-")
        self._log = Path(self._folder.name, "server.log")
        self._server = ServerProcess()
        self._port = self._server.start(
            {
                "source": ":memory:",
                "user": _USER,
                "password": self._password,
                "log_file": str(self._log),
            }
        ).port
        self._dsn = f"127.0.0.1:{self._port}/{_SERVICE}"
        self.recordings = record_all(self._port, _SERVICE, _USER, self._password)
        self._bystander = self._connect()
        self._log_seen = 0
        self.growth = GrowthLimit(MOST_RSS_GROWTH_BYTES, MOST_PEAK_BYTES, self._server.pid)

    def close(self) -> None:
        """Stop the server."""
        with contextlib.suppress(oracledb.Error):
            self._bystander.close()
        self._server.stop()
        self._folder.cleanup()

    def run(
        self, numbers: Sequence[int], progress: Callable[[int], None] = lambda done: None
    ) -> None:
        """Run the cases of these numbers.

        Raises:
            Failure: the server did not end a client's connection in time, logged a defect or no
                reason, did not serve other clients, or its memory grew.
        """
        self._check_service(self._bystander)
        before = self.clients
        for done, number in enumerate(numbers, 1):
            case = Case.make(self.seed, number, self.recordings)
            self.run_one(case)
            if done % _LOOK_EVERY == 0 or done == len(numbers):
                self._check_service(self._bystander)
                with self._connect() as fresh:
                    self._check_service(fresh)
                self.growth.check(f"case --seed {self.seed} --only {number}")
                progress(done)
        self._check_log(self.clients - before)

    def run_one(self, case: Case) -> None:
        """Play one case; the server has to end the connection."""
        self.clients += 1
        player = LivePlayer(case.recording, self._password)
        sent = b""
        try:
            with socket.create_connection(("127.0.0.1", self._port)) as sock:
                sock.settimeout(SECONDS_PER_ANSWER)
                for turn in self._turns_before(case):
                    sock.sendall(player.request(turn))
                    player.answered(turn, _answer(sock, long_lengths=turn > 0))
                sent = case.spoiled(player.request(case.turn))
                with contextlib.suppress(OSError):  # the server need not hear it to the end
                    sock.sendall(sent)
                    sock.shutdown(socket.SHUT_WR)
                for _ in _received(sock):
                    pass
        except TimeoutError:
            raise case.failure(f"no end within {SECONDS_PER_ANSWER} s", sent) from None
        except OSError as exc:
            raise case.failure(f"the server is gone: {exc}", sent) from exc
        defect = _DEFECT.search(self._new_log())
        if defect:
            raise case.failure(f"logged as a defect: {self._log_around(defect[0])}", sent)

    def _turns_before(self, case: Case) -> list[int]:
        if case.spoils_login:
            return list(range(case.turn))
        return [0, 1, 2, *range(case.first, case.turn)]

    def _connect(self) -> oracledb.Connection:
        return oracledb.connect(user=_USER, password=self._password, dsn=self._dsn)

    def _check_service(self, connection: oracledb.Connection) -> None:
        """A client that does nothing wrong gets what it asks for."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT LEVEL FROM dual CONNECT BY LEVEL <= 300")
            if sum(row[0] for row in cursor.fetchall()) != 45_150:
                raise Failure("a bystander's result is wrong")

    def _new_log(self) -> str:
        """What was logged since the last look, but for a line that is being written."""
        with self._log.open("rb") as log:
            log.seek(self._log_seen)
            text = log.read()
        text = text[: text.rfind(b"\n") + 1]
        self._log_seen += len(text)
        return text.decode("utf-8")

    def _log_around(self, line: str) -> str:
        text = self._log.read_text(encoding="utf-8")
        at = text.index(line)
        return text[at : at + 3000]

    def _check_log(self, cases: int) -> None:
        """Every client's end is logged with a reason, none with the password."""
        deadline = time.monotonic() + SECONDS_PER_ANSWER
        while True:
            text = self._log.read_text(encoding="utf-8")
            ended = {number for number, reason in _ENDED.findall(text) if reason.strip()}
            if len(ended) >= cases:
                break
            if time.monotonic() > deadline:
                raise Failure(f"{cases} clients were spoiled, {len(ended)} ends were logged")
            time.sleep(0.05)
        if self._password in text:
            raise Failure("the password was logged")


def _answer(sock: socket.socket, *, long_lengths: bool) -> bytes:
    response = b""
    for data in _received(sock):
        response += data
        if is_complete(response, long_lengths=long_lengths):
            break
    return response


def _received(sock: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(1 << 18):
            yield data
