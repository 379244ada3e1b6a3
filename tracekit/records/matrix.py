"""The results of benches on several hosts."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.bench import BenchRecord


@dataclass(frozen=True)
class HostBench:
    """A bench with one number of keys, on one host."""

    keys: int | None
    """None if all keys were requested and not counted."""
    host: str | None
    """The host; None if no worker took the request."""
    python: str | None
    bench: BenchRecord | None
    """None if it failed; `error` says why."""
    error: str | None = None


@dataclass(frozen=True)
class MatrixRecord:
    """Benches that workers ran; saved as `matrix.json`.

    Ratios are within one bench, and so never compare two hosts.
    """

    workload: str
    queue: str
    benches: tuple[HostBench, ...]
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
