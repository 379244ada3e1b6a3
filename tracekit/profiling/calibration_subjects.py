"""Subjects that take a known amount of memory and hold it."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from typing import Any

from tracekit.profiling.subject import Report, Subject

_FLOAT_BYTES = 32
"""A float's block: 24 bytes, rounded up to pymalloc's alignment of 16."""
_POINTER_BYTES = 8
_PAGE_BYTES = 4096


def expected_bytes(kind: str, size_bytes: int) -> int:
    """The memory that `kind` takes for `size_bytes`; 0 if it is only reserved."""
    if kind == "reservation":
        return 0
    if kind.startswith("python objects"):
        return _float_count(size_bytes) * (_FLOAT_BYTES + _POINTER_BYTES)
    return size_bytes


def _float_count(size_bytes: int) -> int:
    return size_bytes // (_FLOAT_BYTES + _POINTER_BYTES)


def _floats(size_bytes: int) -> Any:
    count = _float_count(size_bytes)
    held: list[Any] = [None] * count
    for index in range(count):
        held[index] = float(index)
    return held


def _in_threads(make: Callable[[int], Any], size_bytes: int, threads: int = 2) -> Any:
    held: list[Any] = []
    workers = [
        threading.Thread(target=lambda: held.append(make(size_bytes // threads)))
        for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return held


def _numpy(size_bytes: int) -> Any:
    import numpy as np

    return np.ones(size_bytes, dtype=np.uint8)


def _arrow(size_bytes: int) -> Any:
    import pyarrow as pa

    buffer = pa.allocate_buffer(size_bytes)
    _touch(memoryview(buffer))
    return buffer


def _mapped(size_bytes: int) -> Any:
    mapped = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _touch(memoryview(mapped))
    return mapped


def _reserved(size_bytes: int) -> Any:
    return mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _touch(memory: memoryview) -> None:
    for offset in range(0, len(memory), _PAGE_BYTES):
        memory[offset] = 1


MAKERS: dict[str, Callable[[int], Any]] = {
    "python objects": _floats,
    "python objects in threads": lambda size_bytes: _in_threads(_floats, size_bytes),
    "numpy": _numpy,
    "numpy in threads": lambda size_bytes: _in_threads(_numpy, size_bytes),
    "arrow": _arrow,
    "mmap": _mapped,
    "reservation": _reserved,
}


class KnownAmount(Subject[Any]):
    """Takes `size_bytes` by the maker called `kind`."""

    def __init__(self, kind: str, size_bytes: int) -> None:
        self._make = MAKERS[kind]
        self._size_bytes = size_bytes

    def prepare(self) -> None:
        """Import what is needed and use it once."""
        self._make(_PAGE_BYTES)

    def run(self, report: Report) -> Any:
        """The memory, held until the child ends."""
        held = self._make(self._size_bytes)
        report(1, 1)
        return held
