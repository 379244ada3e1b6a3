"""Messages between the parent and the measured child: one JSON object per line."""

from __future__ import annotations

from typing import Any

import msgspec

from tracekit.profiling.retention.watch import Trigger
from tracekit.records.retention import Retention


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a child has to measure; one line on its standard input."""

    factory: str
    """`module:name` of the subject's factory."""
    arguments: dict[str, Any]
    """Keyword arguments of the factory. Secrets are included, and are in no other place."""
    message_fd: int
    """Inherited pipe the child writes its messages to."""
    parent_pid: int
    capture: str | None = None
    """memray's file; None for a child without memray."""
    children: bool = False
    """Whether to watch the processes that the subject starts."""
    memory_limit_bytes: int | None = None
    """Private writable memory the child may have from its baseline on."""
    retention: Trigger | None = None
    """When to look at retention; None for never."""
    search_path: tuple[str, ...] = ()
    """Folders put in front of `sys.path`, for factories outside of installed packages."""


class Baseline(msgspec.Struct, frozen=True, tag="baseline"):
    """The subject is ready; the measured region starts."""

    rss_bytes: int
    remarks: tuple[str, ...] = ()


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """The progress of the run."""

    rows: int
    keys: int


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """The measured region ended, with or without an error."""

    wall_seconds: float
    cpu_seconds: float
    rss_peak_bytes: int
    completed: bool
    """False when the subject raised."""
    file_bytes: int = 0
    """Pages of libraries and mapped files that became resident in the region."""
    unseen_bytes: int = 0
    """Maximum memory that Arrow's own pools can have allocated unseen by memray."""
    children_peak_bytes: int | None = None
    """The highest total memory of the processes started in the region; None if not watched."""
    started_processes: bool = False
    """Whether it started processes that have ended."""


class Retained(msgspec.Struct, frozen=True, tag="retained"):
    """What held the memory at the requested time."""

    retention: Retention | None
    failure: str | None = None
    """Why it is unknown."""


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The subject succeeded."""

    values: dict[str, Any]


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """The subject raised; the traceback is on standard error."""

    error_type: str
    text: str
    out_of_memory: bool
    disk_full: bool


Message = Baseline | Progress | Measured | Retained | Finished | Raised
