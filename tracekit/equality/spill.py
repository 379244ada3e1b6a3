"""Sorted runs on disk, for more entries than fit in memory, read back in order of their ids."""

from __future__ import annotations

import heapq
import marshal
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

Entry = tuple[str, list[Any]]
"""An id and its values in order, as `marshal` can write them."""

_FAN_IN = 16
_ENTRIES_PER_CHUNK = 32
_LENGTH = struct.Struct("<I")


class SortedRuns:
    """Runs of entries in one unnamed temporary file; each run is sorted by id.

    Reading holds one chunk of each of at most 16 runs, whatever the number of entries; more runs
    are merged in passes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)
        self._runs: list[tuple[int, int]] = []

    def add(self, entries: Iterable[Entry]) -> None:
        """Write `entries`, sorted by id, as another run."""
        start = self._file.seek(0, os.SEEK_END)
        entries = iter(entries)
        while chunk := tuple(islice(entries, _ENTRIES_PER_CHUNK)):
            data = marshal.dumps(chunk, 2)
            self._file.write(_LENGTH.pack(len(data)))
            self._file.write(data)
        self._runs.append((start, self._file.tell()))

    def merged(self) -> Iterator[Entry]:
        """All entries by id; entries of one id from several runs are joined, oldest run first."""
        while len(self._runs) > _FAN_IN:
            self._merge_pass()
        self._file.flush()
        yield from self._merge(self._runs)

    def _merge_pass(self) -> None:
        self._file.flush()
        wider = SortedRuns(self._folder)
        for first in range(0, len(self._runs), _FAN_IN):
            wider.add(self._merge(self._runs[first : first + _FAN_IN]))
        self._file.close()
        self._file, self._runs = wider._file, wider._runs

    def _merge(self, runs: Iterable[tuple[int, int]]) -> Iterator[Entry]:
        # heapq.merge is stable: equal ids stay in the order of the runs.
        entries = heapq.merge(*(self._read(*run) for run in runs), key=itemgetter(0))
        current = next(entries, None)
        if current is None:
            return
        for entry in entries:
            if entry[0] == current[0]:
                current[1].extend(entry[1])
            else:
                yield current
                current = entry
        yield current

    def _read(self, start: int, end: int) -> Iterator[Entry]:
        descriptor = self._file.fileno()
        while start < end:
            (length,) = _LENGTH.unpack(os.pread(descriptor, _LENGTH.size, start))
            chunk: tuple[Entry, ...] = marshal.loads(  # noqa: S302 (we wrote it just before)
                os.pread(descriptor, length, start + _LENGTH.size)
            )
            yield from chunk
            start += _LENGTH.size + length

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()
