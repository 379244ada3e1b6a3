"""Reads the messages that the Pythons of a watched program write while they run.

`script_watch` writes them without this module, which would load msgspec into the program.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class SizedVariable(msgspec.Struct, frozen=True):
    """One variable, as `VariableSize`."""

    name: str
    kind: str
    size_bytes: int


class Started(msgspec.Struct, frozen=True, tag="started"):
    """A Python is about to run the program."""

    pid: int
    rss_bytes: int
    stacks_signal: int
    """The signal that makes it write the stacks of its threads; 0 if there is none."""


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """An uncaught error ended the program, or one of its threads."""

    pid: int
    thread: str | None
    """Its name; None for the main thread."""
    status: str
    reason: str | None
    line: str | None
    code: str | None
    rss_bytes: int
    rss_peak_bytes: int
    variables: tuple[SizedVariable, ...]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A Python ended normally; written last, after the program's own exit handlers."""

    pid: int
    rss_bytes: int
    rss_peak_bytes: int


Message = Started | Raised | Ended


def read_messages(file: Path) -> list[Message]:
    """All messages so far."""
    decoder = msgspec.json.Decoder(Message)
    return [decoder.decode(line) for line in file.read_bytes().splitlines()]
