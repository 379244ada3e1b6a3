"""Which variables hold the memory: estimates that cost little themselves."""

from __future__ import annotations

import gc
import heapq
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import FrameType, ModuleType
from typing import Any

from tracekit.sizes import format_size

_SAMPLED = 32
"""Items of a container that are looked at; the others are taken to be as large on average."""
_DEPTH = 4
_LARGE_BYTES = 1 << 20
"""Variables below this are not named."""
_CONTAINERS: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque)
_SIZED: tuple[type[Any], ...] = (*_CONTAINERS, dict, str, bytes, bytearray)
_ARRAYS = ("numpy", "pandas", "pyarrow", "polars")


@dataclass(frozen=True)
class Holding:
    """One variable and about how much memory it holds."""

    name: str
    where: str
    kind: str
    items: int | None
    size_bytes: int

    def __str__(self) -> str:
        items = "" if self.items is None else f" of {self.items:,} items"
        size = format_size(self.size_bytes)
        return f"about {size} in {self.name} ({self.kind}{items}, {self.where})"


def largest_holdings(
    frame: FrameType | None, namespace: Mapping[str, Any], count: int = 5
) -> list[Holding]:
    """The largest variables of `namespace` and of the functions `frame` is in, largest first.

    An object that several variables name is listed once; what two objects share is counted twice.
    Where no variable is large, containers without a name are listed: a comprehension's list has
    none until it is complete.
    """
    found: dict[int, Holding] = {}
    for where, variables in _scopes(frame, namespace):
        for name, value in variables:
            if name.startswith("_") or isinstance(value, ModuleType | type) or id(value) in found:
                continue
            size_bytes = estimated_bytes(value)
            if size_bytes >= _LARGE_BYTES:
                found[id(value)] = _holding(name, where, value, size_bytes)
    holdings = list(found.values()) or _unnamed(count)
    return sorted(holdings, key=lambda holding: -holding.size_bytes)[:count]


def _unnamed(count: int) -> list[Holding]:
    """The largest lists, dicts and sets there are, by a shallow estimate, then by a deeper one."""
    large = heapq.nlargest(
        count,
        (
            (estimated_bytes(value, 1), index, value)
            for index, value in enumerate(gc.get_objects())
            if type(value) in (list, dict, set) and len(value) >= _SAMPLED
        ),
    )
    return [
        _holding("an object without a name", "unfinished or inside another", value, size_bytes)
        for _, _, value in large
        if (size_bytes := estimated_bytes(value)) >= _LARGE_BYTES
    ]


def _holding(name: str, where: str, value: Any, size_bytes: int) -> Holding:
    return Holding(name, where, type(value).__name__, _length(value), size_bytes)


def _length(value: Any) -> int | None:
    """How many items `value` has, without running code of a class of the user's."""
    for kind in _SIZED:
        if isinstance(value, kind):
            return int(kind.__len__(value))
    known = _package(value) in _ARRAYS and hasattr(type(value), "__len__")
    return len(value) if known else None


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def estimated_bytes(value: Any, depth: int = _DEPTH) -> int:
    """About how much `value` holds: itself, and of containers what a sample of items suggests."""
    own = _buffer_bytes(value)
    if own is not None:
        return own
    own_bytes = _own_bytes(value)
    if not depth:
        return own_bytes
    # By the built-in class's own methods: those of a user's subclass may do anything.
    if isinstance(value, dict):
        length = dict.__len__(value)
        keys = _estimated_items(list(islice(dict.__iter__(value), _SAMPLED)), length, depth)
        items = _estimated_items(list(islice(dict.values(value), _SAMPLED)), length, depth)
        return own_bytes + keys + items
    for kind in _CONTAINERS:
        if isinstance(value, kind):
            sample = list(islice(kind.__iter__(value), _SAMPLED))
            return own_bytes + _estimated_items(sample, kind.__len__(value), depth)
    return own_bytes


def _own_bytes(value: Any) -> int:
    """`sys.getsizeof`, which a class of the user's may answer as it likes, or not at all."""
    try:
        return sys.getsizeof(value)
    except Exception:
        return object.__sizeof__(value)


def _estimated_items(sample: list[Any], length: int, depth: int) -> int:
    if not sample:
        return 0
    distinct = {id(item): item for item in sample}
    seen = sum(estimated_bytes(item, depth - 1) for item in distinct.values())
    return seen * length // len(sample)


def _buffer_bytes(value: Any) -> int | None:
    """What arrays, Arrow's tables and pandas' frames say of themselves; None of other things."""
    package = _package(value)
    if package == "pandas" and hasattr(value, "memory_usage"):
        usage = value.memory_usage(deep=False)
        return int(usage if isinstance(usage, int) else usage.sum())
    if package in _ARRAYS and isinstance(getattr(value, "nbytes", None), int):
        return int(value.nbytes)
    return None


def _scopes(
    frame: FrameType | None, namespace: Mapping[str, Any]
) -> list[tuple[str, list[tuple[str, Any]]]]:
    """The namespace first, then the functions that are running below it."""
    scopes = [("notebook", list(namespace.items()))]
    while frame is not None and frame.f_locals is not namespace:
        scopes.append((f"{frame.f_code.co_name}()", list(frame.f_locals.items())))
        frame = frame.f_back
    return scopes
