"""Cases against the codec: connection, login and session in this process, on a socket of bytes."""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import cast

from tests.fuzz.backend import CheckingBackend
from tests.fuzz.cases import LOGIN_TURNS, Case
from tests.fuzz.memory import GrowthLimit
from tests.fuzz.recording import record_all
from tests.fuzz.wire import LivePlayer
from tracekit.errors import RemoteWireError
from tracekit.localdb.connection import Connection, ConnectionClosed
from tracekit.localdb.hooks import SessionHooks
from tracekit.localdb.login import Login
from tracekit.localdb.memory_guard import MemoryGuard
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server
from tracekit.localdb.session import Session
from tracekit.localdb.watcher import Watcher
from tracekit.localdb.wire.capabilities import Agreement
from tracekit.localdb.wire.primitives import TtcReader
from tracekit.localdb.wire.verifier import Verifier

SECONDS_PER_CASE = 20
MOST_RSS_GROWTH_BYTES = 64 << 20
MOST_PEAK_BYTES = 512 << 20
_LOOK_EVERY = 1000
_OPTIONS = ServerOptions("scott", "tiger-tiger-tiger")
_KEPT_RESPONSE_BYTES = 64 << 10

Script = Generator[bytes, bytes, None]


class _ScriptedSocket:
    """Gives what a script says next, telling it what was answered meanwhile."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._begun = False
        self._answered = bytearray()
        self._left = b""

    def recv(self, most: int, flags: int = 0) -> bytes:
        if not self._left:
            self._left = self._next()
        data, self._left = self._left[:most], self._left[most:]
        return data

    def sendmsg(self, buffers: Sequence[bytes | memoryview]) -> int:
        for buffer in buffers:
            if len(self._answered) < _KEPT_RESPONSE_BYTES:
                self._answered += buffer
        return sum(map(len, buffers))

    def setsockopt(self, *_: int) -> None: ...

    def settimeout(self, seconds: float | None) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None:
        self._script.close()

    def _next(self) -> bytes:
        answer, self._answered = bytes(self._answered), bytearray()
        try:
            request = self._script.send(answer) if self._begun else next(self._script)
        except StopIteration:
            return b""
        self._begun = True
        return request


class _NobodyWatches:
    """Stands in for the watcher: there is no other thread here."""

    def watch(self, sock: object, client: object) -> None: ...

    def forget(self, sock: object) -> None: ...


_GUARD = MemoryGuard()


class CodecFuzz:
    """Runs cases one after the other.

    Args:
        seed: with a case's number it decides everything about the case.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._verifier = Verifier.from_password(_OPTIONS.password)
        with Server(_OPTIONS, CheckingBackend()) as server:
            self.recordings = record_all(
                server.port, _OPTIONS.service, _OPTIONS.user, _OPTIONS.password
            )
        self.outcomes: dict[str, int] = {}
        self.growth = GrowthLimit(MOST_RSS_GROWTH_BYTES, MOST_PEAK_BYTES)

    def run(
        self, numbers: Sequence[int], progress: Callable[[int], None] = lambda done: None
    ) -> None:
        """Run the cases of these numbers.

        Raises:
            Failure: one ended otherwise than it should, took too long, or memory grew.
        """
        with _defects() as defects, _alarm():
            for done, number in enumerate(numbers, 1):
                self.run_one(Case.make(self.seed, number, self.recordings), defects)
                if done % _LOOK_EVERY == 0:
                    self.growth.check(
                        f"cases --seed {self.seed} --first {number + 1 - _LOOK_EVERY}"
                    )
                    progress(done)

    def run_one(self, case: Case, defects: list[str]) -> None:
        """Run one case; see `run`."""
        sent: list[bytes] = []
        connection = Connection(
            cast(socket.socket, _ScriptedSocket(self._script(case, sent))),
            "fuzz",
            cast(Watcher, _NobodyWatches()),
            login_seconds=60,
        )
        start = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_CASE)
        try:
            outcome = self._serve(connection, case)
        except Exception as exc:
            raise case.failure(f"{type(exc).__name__}: {exc}", b"".join(sent)) from exc
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            connection.close()
        if time.monotonic() - start > SECONDS_PER_CASE:
            raise case.failure(f"took more than {SECONDS_PER_CASE} s", b"".join(sent))
        if defects:
            raise case.failure(f"logged as a defect: {defects[0]}", b"".join(sent))
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def _serve(self, connection: Connection, case: Case) -> str:
        """Serve a connection as the server does; how it ended."""
        try:
            if case.spoils_login:
                hooks = SessionHooks()
                logged_on = Login(connection, _OPTIONS, self._verifier, "fuzz", 1, hooks).run()
                agreement, reader = logged_on.agreement, logged_on.reader
            else:
                connection.accept(b"")
                agreement = Agreement(8192, end_of_response=True)
                reader = TtcReader(refill=connection.next_payload)
            connection.admit()
            backend = CheckingBackend().open_session("DWH")
            Session(connection, reader, agreement, backend, SessionHooks(), _GUARD).run()
        except ConnectionClosed as exc:
            return str(exc).split(":")[0]
        except RemoteWireError:
            return "unreadable request"
        return "logged off"

    def _script(self, case: Case, sent: list[bytes]) -> Script:
        player = LivePlayer(case.recording, _OPTIONS.password)
        begin = 0 if case.spoils_login else case.first
        for turn in range(begin, case.turn):
            player.answered(turn, (yield player.request(turn)))
        last = len(case.recording.turns)
        for again, turn in enumerate(range(case.turn, min(case.turn + case.more + 1, last))):
            request = case.spoiled(player.request(turn), again)
            sent.append(request)
            yield request
            if turn < LOGIN_TURNS:
                break


class _Defects(logging.Handler):
    """Collects what is logged as an error: nothing should be."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def _defects() -> Iterator[list[str]]:
    handler, logger = _Defects(), logging.getLogger("tracekit.localdb")
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False  # a warning a case would drown everything
    try:
        yield handler.texts
    finally:
        logger.removeHandler(handler)
        logger.propagate = before[0]


@contextmanager
def _alarm() -> Iterator[None]:
    def too_long(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS_PER_CASE} s")

    before = signal.signal(signal.SIGALRM, too_long)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
