"""The results of benches on several hosts."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.records.bench import BenchRecord


@dataclass(frozen=True)
class HostBench:
    """A bench at one number of keys, all of it on one host."""

    keys: int | None
    """None if all keys were requested and not counted."""
    host: str | None
    """None if no worker took it."""
    python: str | None
    bench: BenchRecord | None
    """None if it failed; `error` says why."""
    error: str | None = None


@dataclass(frozen=True)
class MatrixRecord:
    """Benches that workers ran; saved as `matrix.json`.

    Ratios are within a bench, and so within a host: figures of two hosts are never divided.
    """

    workload: str
    queue: str
    benches: tuple[HostBench, ...]
    schema_version: int = 1
    created: str | None = None
    command: str | None = None
