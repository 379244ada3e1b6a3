"""Storage for a session's LOBs: a log of segments, each freed as a whole.

The first segment is small and in memory. All others are unnamed temporary files, so LOBs that a
client holds locators of use disk rather than memory, and disappear with the session.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tracekit.localdb.ora_error import OraError

MEMORY_BYTES = 256 << 10
SEGMENT_BYTES = 64 << 20
LINGER_BYTES = 64 << 20
"""Unused bytes kept for locators of closed cursors."""
MAX_BYTES = 16 << 30
READ_BYTES = 1 << 20


class Extent(NamedTuple):
    """A range of bytes in a segment."""

    segment: int
    offset: int
    size_bytes: int


class _Segment:
    """Bytes in memory or in a file."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file
        self._memory = bytearray()
        self.size_bytes = 0
        self.pins = 0

    @property
    def limit_bytes(self) -> int:
        return MEMORY_BYTES if self._file is None else SEGMENT_BYTES

    def append(self, data: bytes) -> None:
        if self._file is None:
            self._memory += data
        else:
            left = memoryview(data)
            at = self.size_bytes
            while left:
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written
        self.size_bytes += len(data)

    def read(self, offset: int, count: int) -> bytes:
        if self._file is None:
            return bytes(self._memory[offset : offset + count])
        return os.pread(self._file.fileno(), count, offset)

    def close(self) -> None:
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()


class LobSpace:
    """The segments of a session; thread-safe.

    Args:
        folder: The folder for temporary files; None for the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._segments: dict[int, _Segment] = {}
        self._current = -1
        self._held_bytes = 0
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """The bytes in memory and files."""
        return self._held_bytes

    def append(self, pieces: Iterable[bytes], at_most_bytes: int) -> Extent:
        """Store `pieces` as one extent, and pin its segment until `unpin`.

        Args:
            pieces: The bytes.
            at_most_bytes: An upper limit of their size; decides whether they go to a file.

        Raises:
            OraError: ORA-01652 if the session holds too much or the disk is full.
        """
        with self._lock:
            number, segment = self._writable(at_most_bytes)
            offset = segment.size_bytes
            try:
                for piece in pieces:
                    segment.append(piece)
            except OSError as error:
                raise _no_space() from error
            finally:
                self._held_bytes += segment.size_bytes - offset
            segment.pins += 1
            return Extent(number, offset, segment.size_bytes - offset)

    def read(self, extent: Extent, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes of `extent` from `start` on, in pieces of at most `READ_BYTES`.

        Raises:
            OraError: ORA-22922 if they were freed.
        """
        at, end = extent.offset + start, extent.offset + start + count
        while at < end:
            with self._lock:
                segment = self._segments.get(extent.segment)
                if segment is None or extent.offset + extent.size_bytes > segment.size_bytes:
                    raise nonexistent()
                piece = segment.read(at, min(end - at, READ_BYTES))
            at += len(piece)
            yield piece

    def holds(self, extent: Extent) -> bool:
        """Whether the bytes of `extent` still exist."""
        with self._lock:
            segment = self._segments.get(extent.segment)
            return segment is not None and extent.offset + extent.size_bytes <= segment.size_bytes

    def pin(self, segment: int) -> None:
        """Pin a segment, which is already pinned, for another holder."""
        with self._lock:
            self._segments[segment].pins += 1

    def unpin(self, segment: int) -> None:
        """Release one pin of a segment."""
        with self._lock:
            held = self._segments.get(segment)
            if held is not None:
                held.pins -= 1
                self._free_lingering()

    def close(self) -> None:
        """Free everything."""
        with self._lock:
            for segment in self._segments.values():
                segment.close()
            self._segments.clear()
            self._current = -1
            self._held_bytes = 0

    def _writable(self, at_most_bytes: int) -> tuple[int, _Segment]:
        if self._held_bytes + at_most_bytes > MAX_BYTES:
            raise _no_space()
        segment = self._segments.get(self._current)
        if segment is None or segment.size_bytes + at_most_bytes > segment.limit_bytes:
            in_memory = not self._segments and at_most_bytes <= MEMORY_BYTES
            segment = _Segment(None if in_memory else self._new_file())
            self._current += 1
            self._segments[self._current] = segment
            self._free_lingering()
        return self._current, segment

    def _new_file(self) -> IO[bytes]:
        try:
            return tempfile.TemporaryFile(dir=self._folder, buffering=0)
        except OSError as error:
            raise _no_space() from error

    def _free_lingering(self) -> None:
        """Free unused segments, the oldest first, down to `LINGER_BYTES`."""
        idle = [
            number
            for number, segment in self._segments.items()
            if segment.pins == 0 and number != self._current
        ]
        idle_bytes = sum(self._segments[number].size_bytes for number in idle)
        for number in idle:
            if idle_bytes <= LINGER_BYTES:
                return
            segment = self._segments.pop(number)
            idle_bytes -= segment.size_bytes
            self._held_bytes -= segment.size_bytes
            segment.close()


def nonexistent() -> OraError:
    """The error for a locator whose bytes no longer exist."""
    return OraError(22922, "nonexistent LOB value")


def _no_space() -> OraError:
    return OraError(1652, "unable to extend temp segment by 128 in tablespace TEMP")
