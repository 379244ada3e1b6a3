"""The options of a watched kernel, and the messages it writes while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

VARIABLE = "TRACEKIT_KERNEL_WATCH"
"""The variable with a `KernelOptions` as JSON; the watcher removes it from the environment."""


class KernelOptions(msgspec.Struct, frozen=True):
    """The options for watching a kernel."""

    messages: str
    """The file that lines are appended to."""
    stacks: str
    """The file that stacks are written to on `stacks_signal`."""
    parent_pid: int
    refuse_above_bytes: int | None = None
    """Refuse allocations that would exceed this memory; None for no limit."""
    captures: str | None = None
    """The folder for memray's files, one per cell; None for no profiling."""
    retention: str | None = None
    """The file for the retention near the peak; None for no retention."""
    limit_bytes: int | None = None
    """A limit enforced from outside; retention is taken near it."""


class SizedVariable(msgspec.Struct, frozen=True):
    """One variable, as `VariableSize`."""

    name: str
    kind: str
    size_bytes: int


class StartedThread(msgspec.Struct, frozen=True):
    """A thread that a cell started and left running."""

    native_id: int
    """The system's thread id."""
    ident: int
    """Python's thread id, which appears in stacks."""
    name: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The watcher is active."""

    pid: int
    rss_bytes: int
    stacks_signal: int
    remarks: tuple[str, ...] = ()


class Began(msgspec.Struct, frozen=True, tag="began"):
    """A cell is about to run. Times are those of the system's monotonic clock."""

    at: float
    execution_count: int
    file: str
    """Its file name in tracebacks."""
    rss_bytes: int


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """A cell's own code has ended: what follows is not its memory."""

    at: float


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A cell has ended."""

    at: float
    execution_count: int
    status: str
    reason: str | None
    line: str | None
    code: str | None
    wall_seconds: float
    rss_peak_bytes: int
    rss_after_bytes: int
    """Resident memory once free memory was returned to the system; at most the peak."""
    rows: int | None
    variables: tuple[SizedVariable, ...]
    threads: tuple[StartedThread, ...]
    capture: str | None = None
    not_profiled: str | None = None
    """Why there is no capture, although one was requested."""


class ThreadDied(msgspec.Struct, frozen=True, tag="thread_died"):
    """A thread ended with an error that is not the running cell's."""

    at: float
    thread: int
    name: str
    status: str
    reason: str
    line: str | None
    code: str | None


Message = Ready | Began | Stopped | Ended | ThreadDied


class MessageWriter:
    """Appends lines to the file. Each is one write, so a killed kernel leaves only whole lines."""

    def __init__(self, file: Path) -> None:
        self._fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._pid = os.getpid()
        self._encoder = msgspec.json.Encoder()

    def write(self, message: Message) -> None:
        """Append `message`; a forked process writes nothing."""
        if os.getpid() == self._pid:
            os.write(self._fd, self._encoder.encode(message) + b"\n")


class MessageReader:
    """Reads the lines that were appended since the last time."""

    def __init__(self, file: Path) -> None:
        self._fd = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._unread = b""
        self._decoder = msgspec.json.Decoder(Message)

    def read(self) -> list[Message]:
        """The new messages, in order."""
        while chunk := os.read(self._fd, 65_536):
            self._unread += chunk
        *lines, self._unread = self._unread.split(b"\n")
        return [self._decoder.decode(line) for line in lines]

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
