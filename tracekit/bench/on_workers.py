"""Run benches and estimates on workers of several hosts, one measurement at a time on a host.

A request only names its workload, query and candidates, which each worker must have defined
itself. Requests carry no code, because others may be able to write to the store.
"""

from __future__ import annotations

import fcntl
import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis import Redis
from rq import get_current_job

from tracekit.bench.bench_candidates import BENCH_CANDIDATES
from tracekit.bench.benchmark import bench
from tracekit.errors import ConfigError, JobError, TracekitError
from tracekit.experiment.estimate import estimate
from tracekit.experiment.progress import Listener, ReplayProgress
from tracekit.experiment.source import resolve
from tracekit.jobs.measurements import Measurements
from tracekit.records import (
    BenchRecord,
    EstimateRecord,
    HostBench,
    MatrixRecord,
    WorkloadInfo,
    from_json,
    to_json,
)
from tracekit.sizes import at_least_one

HOST_VARIABLE = "TRACEKIT_HOST_NAME"
"""The variable with the name that a worker gives its host; by default the machine's name."""
_TELL_SECONDS = 1.0
_WAIT_SECONDS = 0.5


def bench_on_workers(
    connection: Redis,
    queue: str,
    workload: str,
    candidates: Sequence[str] | None = None,
    *,
    sizes: Sequence[int | None],
    pythons: Sequence[str] = (),
    query: str | None = None,
    workers: int = 2,
    repeat: int = 3,
    profile: bool = False,
    prove: bool = True,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> MatrixRecord:
    """Bench `workload` at each of `sizes` (and under each of `pythons`) on the workers of `queue`.

    All runs of one bench are on the same host, so its ratios never mix hosts.

    Args:
        connection: The store that the workers listen to.
        queue: Their queue.
        workload: A workload that every worker knows by this name.
        candidates: Names of the bench's own, or of the workload's own.
        sizes: Numbers of keys; None for all keys.
        pythons: Versions of Python, such as `3.12`; by default each worker's own.
        query: The name of one of the workload's queries.
        workers: Batches of keys read at once.
        repeat: Runs of each candidate.
        profile: Run each again under memray.
        prove: Compare every candidate's output with the iterator's.
        command: The command line that repeats this.
        on_progress: Called with the progress of each bench.

    Raises:
        ConfigError: an argument is invalid.
        WorkloadError: the workload is unknown.
        ConnectError: the store does not answer.
        JobError: no worker listens.
    """
    _check_names(workload, candidates)
    began = datetime.now(UTC)
    any_python: Sequence[str | None] = [None]
    asked = [(size, python) for size in sizes for python in (pythons or any_python)]
    requests = [
        {
            "kind": "bench",
            "workload": workload,
            "candidates": None if candidates is None else list(candidates),
            "query": query,
            "keys": None if size is None else at_least_one("keys", size),
            "workers": workers,
            "repeat": repeat,
            "profile": profile,
            "prove": prove,
        }
        for size, _ in asked
    ]
    titles = [
        f"{workload} at {'all' if size is None else f'{size:,}'} keys"
        + (f", Python {python}" if python else "")
        for size, python in asked
    ]
    answers = _answers(connection, queue, requests, titles, [one for _, one in asked], on_progress)
    benches = [_host_bench(size, answer) for (size, _), answer in zip(asked, answers, strict=True)]
    return MatrixRecord(
        workload=workload,
        queue=queue,
        benches=tuple(_same_workload(benches)),
        created=began.isoformat(timespec="seconds"),
        command=command,
    )


def estimate_on_workers(
    connection: Redis,
    queue: str,
    workload: str,
    candidates: Sequence[str],
    *,
    query: str | None = None,
    keys: int | None = None,
    limit_bytes: int | None = None,
    sample: int,
    verify: Sequence[int] = (),
    workers: int = 2,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> EstimateRecord:
    """Like `estimate`, but measure each candidate on any free host; results name their host.

    All samples and real runs of one candidate are on the same host, so its errors never mix hosts.

    Args:
        connection: The store that the workers listen to.
        queue: Their queue.
        workload: A workload that every worker knows by this name.
        candidates: Names of built-in ones, or of the workload's own.
        query: The name of one of the workload's queries.
        keys: How many keys to predict for.
        limit_bytes: Memory that the whole process may use.
        sample: Keys of the largest sample of a candidate that keeps its rows.
        verify: Numbers of keys to also run for real.
        workers: Batches of keys read at once.
        command: The command line that repeats this.
        on_progress: Called with the progress of each candidate.

    Raises:
        ConfigError: an argument is invalid.
        WorkloadError: the workload is unknown.
        ConnectError: the store does not answer.
        JobError: no worker listens, or a candidate could not be estimated.
    """
    _check_names(workload, candidates)
    requests = [
        {
            "kind": "estimate",
            "workload": workload,
            "candidates": [name],
            "query": query,
            "keys": keys,
            "limit_bytes": limit_bytes,
            "sample": sample,
            "verify": list(verify),
            "workers": workers,
        }
        for name in candidates
    ]
    found: list[EstimateRecord] = []
    named = [None] * len(requests)
    for name, answer in zip(
        candidates,
        _answers(connection, queue, requests, candidates, named, on_progress),
        strict=True,
    ):
        if "record" not in answer:
            raise JobError(
                f"candidate {name} could not be estimated on {answer.get('host', 'any host')}: "
                f"{answer.get('error')}"
            )
        record = from_json(EstimateRecord, answer["record"], source=f"the estimate of {name}")
        host = str(answer["host"])
        hosted = {one: replace(at, host=host) for one, at in record.candidates.items()}
        found.append(replace(record, candidates=hosted))
    _differs(found[0].workload, [one.workload for one in found])
    merged = {name: at for one in found for name, at in one.candidates.items()}
    counted = max(found, key=lambda one: one.rows_per_key)
    return replace(counted, candidates=merged, command=command)


def run_measurement(request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a measurement on a worker; no other one runs on this host meanwhile.

    Returns `host`, `python` and either the `record` as JSON or the `error` that prevented it.
    """
    answer = {"host": host_name(), "python": platform.python_version()}
    try:
        kind = str(request.get("kind"))
        if kind not in _KINDS:
            expected = ", ".join(_KINDS)
            raise ConfigError(f"unknown kind of measurement {kind!r}; expected one of {expected}")
        arguments = {name: value for name, value in request.items() if name != "kind"}
        for name in arguments.keys() - _FIELDS[kind]:
            raise ConfigError(f"unknown field {name!r} of a request to measure a {kind}")
        _check_names(arguments.get("workload"), arguments.get("candidates"))
        tell = _teller()
        with _alone(tell):
            record = _KINDS[kind](**arguments, on_progress=tell)
        return answer | {"record": to_json(record)}
    except TracekitError as exc:
        return answer | {"error": str(exc)}


_KINDS: Mapping[str, Callable[..., BenchRecord | EstimateRecord]] = {
    "bench": bench,
    "estimate": estimate,
}
_SHARED = frozenset({"workload", "candidates", "query", "keys", "workers"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "bench": _SHARED | {"repeat", "profile", "prove"},
    "estimate": _SHARED | {"limit_bytes", "sample", "verify"},
}
"""The fields that a request may have. None can name a database or contain a query's text."""


def host_name() -> str:
    """The name of this host in results."""
    return os.environ.get(HOST_VARIABLE) or socket.gethostname()


def _check_names(workload: object, candidates: Sequence[str] | None) -> None:
    """Refuse everything but names: other specs are code, or files of another host."""
    if not isinstance(workload, str) or workload != Path(workload).name or "." in workload:
        raise ConfigError(
            f"workload {workload!r}: workers measure a workload that each of them knows by "
            "name. Define it in tracekit.toml on each host"
        )
    known = {*BENCH_CANDIDATES, *(resolve(workload).candidates or {})}
    for name in candidates or ():
        if name not in known:
            raise ConfigError(
                f"candidate {name!r}: workers run candidates by name; expected one of "
                f"{', '.join(sorted(known))}. Define your own in the workload, on each host"
            )


def _answers(
    connection: Redis,
    queue: str,
    requests: Sequence[Mapping[str, Any]],
    titles: Sequence[str],
    pythons: Sequence[str | None],
    on_progress: Listener | None,
) -> Sequence[Mapping[str, Any]]:
    def tell(number: int, step: str, fraction: float) -> None:
        if on_progress is not None:
            on_progress(ReplayProgress(titles[number], fraction, step))

    with Measurements(connection, queue) as measurements:
        for request, python in zip(requests, pythons, strict=True):
            measurements.submit(request, python)
        return measurements.answers(tell)


def _host_bench(size: int | None, answer: Mapping[str, Any]) -> HostBench:
    host, python = answer.get("host"), answer.get("python")
    if "record" not in answer:
        return HostBench(size, host, python, None, str(answer.get("error")))
    record = from_json(BenchRecord, answer["record"], source=f"the bench of {host}")
    return HostBench(record.workload.keys, host, python, record)


def _same_workload(benches: Sequence[HostBench]) -> Iterator[HostBench]:
    """The answers; if one's workload differs from the first of its size, its error says so."""
    first: dict[int | None, WorkloadInfo] = {}
    for one in benches:
        try:
            if one.bench is not None:
                _differs(first.setdefault(one.keys, one.bench.workload), [one.bench.workload])
            yield one
        except JobError as exc:
            yield replace(one, bench=None, error=str(exc))


def _differs(first: WorkloadInfo, others: Sequence[WorkloadInfo]) -> None:
    for other in others:
        if other.fingerprint != first.fingerprint:
            raise JobError(
                f"hosts have different workloads called {first.name!r}: fingerprint "
                f"{other.fingerprint} against {first.fingerprint}. Give all the same definition "
                "and version of tracekit"
            )


def _teller() -> Listener:
    """A listener that writes progress into the running job, at most once a second."""
    job = get_current_job()
    last_seconds = 0.0

    def tell(progress: ReplayProgress) -> None:
        nonlocal last_seconds
        if job is None or time.monotonic() - last_seconds < _TELL_SECONDS:
            return
        last_seconds = time.monotonic()
        job.meta.update(step=f"{progress.step} on {host_name()}", fraction=0.0)
        job.save_meta()  # type: ignore[no-untyped-call]

    return tell


@contextmanager
def _alone(tell: Listener) -> Iterator[None]:
    """Hold this host's only slot for measurements; wait until it is free."""
    path = Path(tempfile.gettempdir()) / f"tracekit-measurement-{os.getuid()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                tell(ReplayProgress("waiting for another measurement", 0.0))
                time.sleep(_WAIT_SECONDS)
        yield
    finally:
        os.close(descriptor)
