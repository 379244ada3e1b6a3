"""What parent and measured child say to each other: one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from tracekit.profiling.retention.watch import Trigger
from tracekit.records.retention import Retention


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a child shall measure; one line on its standard input."""

    factory: str
    """`module:name` of what makes the subject."""
    arguments: dict[str, Any]
    """Keyword arguments of the factory, secrets included: this line is the only place they are."""
    message_fd: int
    """Inherited pipe the child writes its messages to."""
    parent_pid: int
    capture: str | None = None
    """Where memray shall write; None makes this a plain child."""
    children: bool = False
    """Whether to watch the processes that the subject starts."""
    memory_limit_bytes: int | None = None
    """Private writable memory the child may have from its baseline on."""
    retention: Trigger | None = None
    """When to look for the holders of memory; None is never."""
    search_path: tuple[str, ...] = ()
    """Folders put in front of `sys.path`, for factories outside of installed packages."""


class Baseline(msgspec.Struct, frozen=True, tag="baseline"):
    """The subject is ready; the measured region begins."""

    rss_bytes: int
    remarks: tuple[str, ...] = ()


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the run has come."""

    rows: int
    keys: int


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """The measured region ended, well or not."""

    wall_seconds: float
    cpu_seconds: float
    rss_peak_bytes: int
    completed: bool
    """False when the subject raised."""
    file_bytes: int = 0
    """Pages of libraries and mapped files that became resident in the region."""
    unseen_bytes: int = 0
    """At most so much did Arrow's own pools hand out, which memray does not see."""
    children_peak_bytes: int | None = None
    """Most that processes started in the region held at once; None where not watched."""
    started_processes: bool = False
    """Whether it started processes that have ended."""


class Retained(msgspec.Struct, frozen=True, tag="retained"):
    """Who held the memory at the moment asked for."""

    retention: Retention | None
    failure: str | None = None
    """Why it is not known."""


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """Everything went well."""

    values: dict[str, Any]


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """The subject raised; the traceback is on standard error."""

    error_type: str
    text: str
    out_of_memory: bool
    disk_full: bool


Message = Baseline | Progress | Measured | Retained | Finished | Raised
