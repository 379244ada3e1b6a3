"""The trace service in separate processes, used as a client would: start, request events, read.

`tracekit serve` is started by its command, not imported: the service is a door above this room.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from tracekit.errors import ConfigError, ConnectError, JobError
from tracekit.jsonvalue import encode
from tracekit.ndjson import RecordStream, read_stream
from tracekit.ndjson.reader import refusal
from tracekit.testbed.companion import Companion
from tracekit.testbed.server_process import read_line

POLL_SECONDS = 0.1
_START_SECONDS = 60.0
_ANSWER_SECONDS = 120.0
_VARIABLES = {
    "user": "DB_USER",
    "password": "DB_PASSWORD",
    "call_timeout_ms": "DB_SLOW_CALL_TIMEOUT_MS",
    "connect_timeout_ms": "TRACEKIT_CONNECT_TIMEOUT_MS",
    "max_concurrent": "DB_SLOW_MAX_CONCURRENT",
    "fetchmany_size": "DB_SLOW_FETCHMANY_SIZE",
    "retry_attempts": "TRACEKIT_RETRY_ATTEMPTS",
    "retry_wait_ms": "TRACEKIT_RETRY_WAIT_MS",
    "retry_max_seconds": "TRACEKIT_RETRY_MAX_SECONDS",
}
"""The environment variables from which the service reads a Database's arguments."""
_SETTINGS = {
    "TRACE_ASYNC_CID_THRESHOLD": "0",
    "TRACE_JOB_TIMEOUT_SECONDS": "86400",
    "TRACE_JOB_TTL_SECONDS": "86400",
    "TRACEKIT_MAX_REQUEST_BYTES": str(2**30),
    "TRACEKIT_SUBMISSIONS_PER_MINUTE": "100000",
}
"""Settings under which every request becomes a job and none is refused for its size."""
_NOT_INHERITED = ("REDIS_URL", "TRACEKIT_SERVICE_TOKEN")

Status = Mapping[str, Any]
"""The document of a job's status."""


class PipelineOutOfMemory(JobError, MemoryError):
    """A worker ran out of memory."""


@dataclass(frozen=True)
class PipelineJob:
    """An accepted request."""

    job_id: str
    status_url: str
    stream_url: str


class Pipeline:
    """A private trace service on a database, with a store, workers and a web process.

    Everything ends with the `with` block, and with this process.

    Args:
        database: `Database.arguments` of the database it reads.
        workers: Batches of keys that each worker reads at once.
        settings: Further environment variables, such as TRACE_WORKER_COUNT.

    Raises:
        ConfigError: the service has no setting for an argument of the database.
    """

    def __init__(
        self,
        database: Mapping[str, Any],
        *,
        workers: int = 2,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        given = {name: value for name, value in database.items() if name != "dsn"}
        for name in given:
            if name not in _VARIABLES:
                raise ConfigError(
                    "candidate 'service' reads its database from the environment, which has no "
                    f"setting for {name!r}. Replay without that candidate."
                )
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        environment = {
            **inherited,
            **_SETTINGS,
            "TRACE_EVENTS_MAX_WORKERS": str(workers),
            **{_VARIABLES[name]: str(value) for name, value in given.items()},
            **(settings or {}),
        }
        command = [sys.executable, "-m", "tracekit", "serve", "--port", "0", "--quiet"]
        command += ["--dsn", str(database["dsn"])]
        self._companion = Companion(command, environment, stdout=subprocess.PIPE)
        self._url = ""

    def __enter__(self) -> Pipeline:
        """Start it and wait until it answers.

        Raises:
            ConnectError: it did not start; its log went to our standard error.
        """
        self._companion.__enter__()
        try:
            assert self._companion.stdout is not None
            line = read_line(self._companion.stdout, time.monotonic() + _START_SECONDS)
            if not line:
                raise ConnectError(
                    "the trace service did not start. See its log above for the reason."
                )
            self._url = line.decode().strip()
        except BaseException:
            self._companion.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop all of it."""
        self._companion.__exit__(None, None, None)

    @property
    def pid(self) -> int:
        """A process whose descendants are all processes of the service."""
        assert self._companion.pid is not None
        return self._companion.pid

    @property
    def url(self) -> str:
        """The URL of the page."""
        return self._url

    def submit(
        self, keys: Sequence[str], queries: Sequence[str], profile: str = "query_tool"
    ) -> PipelineJob:
        """Have the records fetched by a job.

        Raises:
            ConnectError: the service does not answer.
            JobError: it refused.
        """
        body = {"profile": profile, "container_ids": keys, "domains": queries}
        accepted = self._ask("POST", "/api/trace/events", encode(body))
        return PipelineJob(*(accepted[name] for name in ("job_id", "status_url", "stream_url")))

    def status(self, job: PipelineJob) -> Status:
        """The job's current status.

        Raises:
            ConnectError: the service does not answer.
            JobError: the job is gone.
        """
        return self._ask("GET", job.status_url)

    def wait(self, job: PipelineJob, tell: Callable[[Status], None] | None = None) -> Status:
        """Wait for the job's end and return its status.

        Args:
            job: The job.
            tell: Called with each status, including the last.

        Raises:
            ConnectError: the service does not answer.
            PipelineOutOfMemory: a worker had too little memory.
            JobError: the job failed or is gone.
        """
        pause = threading.Event()
        while True:
            status = self.status(job)
            if tell is not None:
                tell(status)
            if status["status"] not in {"queued", "started"}:
                break
            pause.wait(POLL_SECONDS)
        if status["status"] == "finished":
            return status
        error = status.get("error") or {"code": "JOB_CANCELED", "message": "it was canceled."}
        kind = PipelineOutOfMemory if error["code"] == "WORKER_OUT_OF_MEMORY" else JobError
        raise kind(f"the job {status['status']}: {error['code']}: {error['message']}")

    @contextmanager
    def stream(self, job: PipelineJob) -> Iterator[RecordStream]:
        """The finished job's records, checked while they are read.

        Raises:
            JobError: the job is gone, or the service refused.
        """
        url = urljoin(self._url, job.stream_url)
        with closing(read_stream(url, timeout_seconds=_ANSWER_SECONDS)) as records:
            yield records

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (our own service)
            urljoin(self._url, path),
            data=body,
            method=method,
            headers={"Content-Type": "application/json"} if body is not None else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as exc:
            raise refusal(exc) from exc
        except OSError as exc:
            raise ConnectError(f"the trace service no longer answers: {exc}") from exc
        return found
