"""Real parts for tests of jobs: a store, a local Oracle behind a gate, worker processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from redis import Redis

from tracekit import LocalOracle, Query
from tracekit.config import TraceSettings
from tracekit.jobs import EmbeddedStore, JobStatus, TraceJobs
from tracekit.trace import domain_query

DEADLINE_SECONDS = 60.0
BURST_SECONDS = 900.0
"""For whole jobs; a test that takes too long is ended by its own timeout."""


def queries(*domains: str) -> list[Query]:
    """The queries of these names."""
    return [domain_query(domain) for domain in domains]


class Gate:
    """A port in front of another that passes the first connections only, until it is opened."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._opened = threading.Event()
        self._passing: int | None = None
        self._passed = 0
        self._held: set[socket.socket] = set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def hold_after(self, connections: int) -> None:
        """Let that many connections more through, and have the others wait."""
        self._opened.clear()
        self._passing = self._passed + connections

    def open(self) -> None:
        self._passing = None
        self._opened.set()

    @property
    def holds(self) -> bool:
        """Whether a connection waits now."""
        return bool(self._held)

    def drop(self) -> None:
        """Break every connection, passed or waiting."""
        self._held.clear()
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.open()
        self.drop()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._passed += 1
        if self._passing is not None and self._passed > self._passing:
            self._held.add(client)
            self._opened.wait()
            self._held.discard(client)
        with suppress(OSError), client, socket.create_connection(self._target) as server:
            self._sockets.append(server)
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class JobsBench:
    """Everything that takes part in a job."""

    def __init__(self, store: EmbeddedStore, oracle: LocalOracle, gate: Gate) -> None:
        self.store = store
        self.oracle = oracle
        self.gate = gate
        self.redis: Redis = store.client()
        self.cids = oracle.keys()

    def jobs(self, *, shard_cids: int = 10_000, **settings: object) -> TraceJobs:
        return TraceJobs(self.redis, TraceSettings(**settings), shard_cids=shard_cids)  # type: ignore[arg-type]

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "REDIS_URL": self.store.url,
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(self.gate.port),
            "DB_SERVICE": "TRACEKIT",
            "DB_USER": self.oracle.user,
            "DB_PASSWORD": self.oracle.password,
            **more,
        }

    @contextmanager
    def worker(self, *, burst: bool = False, **more: str) -> Iterator[psutil.Process]:
        """A worker process; ended with all it started."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tracekit", "worker", "-q", *(["--burst"] if burst else [])],
            env={**os.environ, **self.environment(**more)},
            stderr=subprocess.DEVNULL,
        )
        found = psutil.Process(process.pid)
        try:
            yield found
            if burst:
                assert process.wait(BURST_SECONDS) == 0
        finally:
            started = found.children(recursive=True) if process.poll() is None else []
            process.kill()
            process.wait()
            psutil.wait_procs(started, timeout=10)

    def work(self, jobs: TraceJobs, job_id: str, **more: str) -> JobStatus:
        """Let a worker run all that is queued."""
        with self.worker(burst=True, **more):
            pass
        return jobs.status(job_id)


@contextmanager
def jobs_bench(workload: str = "trace-tiny", cids: int | None = None) -> Iterator[JobsBench]:
    with EmbeddedStore() as store, LocalOracle(workload, keys=cids) as oracle:
        host, port = oracle.dsn.partition("/")[0].split(":")
        gate = Gate(host, int(port))
        try:
            yield JobsBench(store, oracle, gate)
        finally:
            gate.close()
