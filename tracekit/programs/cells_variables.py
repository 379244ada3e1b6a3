"""Approximate sizes of a notebook's variables, computed in milliseconds.

Large containers are sampled. An object that several containers share counts by its share of
references. Buffers of numpy, Arrow, polars and pandas count once, however many objects refer to
them. `tracekit.retention()` is exact and takes longer.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

from tracekit.profiling.retention.referents import Traits
from tracekit.records.program import VariableSize

Named = tuple[str, Any]

LARGEST = 8
"""Maximum number of variables to report."""
_SMALLEST_BYTES = 256 * 1024
_LONGEST_SECONDS = 0.02
"""Time limit of computing, for all variables."""
_LONGEST_SECONDS_ONCE = 0.5
"""Time limit after a cell failed, which happens once."""
_MOST_OBJECTS = 20_000
_SAMPLE = 128
"""Elements of a container that are sampled; up to twice as many are all read."""
_OWN_REFERENCES = 3
"""References to an object while it is processed here: its holder, a local variable, an argument."""
_SHELL_NAME = re.compile(r"_+|_i+|_i?\d+|_[oid]h|Out|In|exit|quit|get_ipython|open")
_SKIPPED = (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
_FRAME_PACKAGES = frozenset({"pandas", "polars", "pyarrow", "numpy"})
_MOST_GROUPS = 200_000


def notebook_variables(namespace: Mapping[str, Any]) -> Iterator[Named]:
    """The user's own variables, then what IPython keeps because it was displayed."""
    for name, value in list(namespace.items()):
        if not _SHELL_NAME.fullmatch(name) and not isinstance(value, ModuleType | type):
            yield name, value
    for number, value in list((namespace.get("_oh") or {}).items()):
        yield f"Out[{number}]", value


def frame_variables(traceback: TracebackType | None, namespace: object) -> Iterator[Named]:
    """The local variables of the functions that were running when the notebook's code failed.

    The outermost comes first; IPython's functions that run a cell are left out.
    """
    in_notebook = False
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_locals is namespace:
            in_notebook = True
        elif in_notebook and frame.f_locals is not frame.f_globals:
            for name, value in list(frame.f_locals.items()):
                yield f"{name} in {frame.f_code.co_name}", value
        traceback = traceback.tb_next


def largest_variables(
    named: Iterable[Named], *, thoroughly: bool = False
) -> tuple[VariableSize, ...]:
    """The largest of `named`, largest first; memory that two of them share counts for the first.

    Args:
        named: Names and values.
        thoroughly: Take more time, for a case that happens once.
    """
    seconds = _LONGEST_SECONDS_ONCE if thoroughly else _LONGEST_SECONDS
    sizer = _Sizer(time.thread_time() + seconds)
    found = [
        VariableSize(name, type(value).__name__, size_bytes)
        for name, value in sorted(named, key=_order)
        if (size_bytes := sizer.size_of(value)) >= _SMALLEST_BYTES
    ]
    return tuple(sorted(found, key=lambda one: -one.size_bytes)[:LARGEST])


def row_count(value: Any) -> int | None:
    """Rows of a frame, an array or a list, or of all lists in a mapping; else None."""
    kind = type(value)
    try:
        if kind in (list, tuple):
            return len(value)
        if kind is dict:
            groups = list(islice(value.values(), _MOST_GROUPS + 1))
            if groups and len(groups) <= _MOST_GROUPS and all(type(one) is list for one in groups):
                return sum(map(len, groups))
            return None
        if _package(kind) in _FRAME_PACKAGES:
            shape = getattr(value, "shape", None)
            return int(shape[0]) if isinstance(shape, tuple) and shape else None
    except Exception:  # a user's class can do anything
        return None
    return None


def _order(named: Named) -> tuple[int, int]:
    """Frames first, then what looks large, so that time is spent on the largest."""
    value = named[1]
    if _package(type(value)) in _FRAME_PACKAGES:
        return 0, 0
    sized = type(value) in (list, tuple, dict, set, frozenset, str, bytes, bytearray)
    return 1, -len(value) if sized else 0


class _Sizer:
    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._traits = Traits()
        self._seen: set[int] = set()
        self._buffers: set[int] = set()

    def size_of(self, value: Any) -> int:
        total, looked_at = 0.0, 0
        waiting: list[tuple[Any, float]] = [(value, 1.0)]
        del value
        while waiting and looked_at < _MOST_OBJECTS:
            each, weight = waiting.pop()
            looked_at += 1
            if looked_at % 256 == 0 and time.thread_time() > self._deadline:
                break
            kind = type(each)
            if id(each) in self._seen or kind in _SKIPPED or issubclass(kind, type):
                continue
            self._seen.add(id(each))
            if weight > 1:
                weight /= max(1, sys.getrefcount(each) - _OWN_REFERENCES + 1)
            try:
                size_bytes, referents = self._look(each, kind)
            except Exception:  # incomplete, closed, or a user's class, which can do anything
                size_bytes, referents = 0, _Referents([])
            total += weight * size_bytes
            share = weight * referents.scale
            waiting += [(one, share) for one in referents.objects]
        return int(total)

    def _look(self, value: Any, kind: type) -> tuple[float, _Referents]:
        trait = self._traits[kind]
        if kind in (list, tuple, dict, set, frozenset) and len(value) > 2 * _SAMPLE:
            return trait.size_of(value), _sampled(value, kind)
        if _package(kind) == "polars" and "pyarrow" not in sys.modules:
            estimate = getattr(value, "estimated_size", None)  # pyarrow is not loaded for this
            return (estimate() if estimate else 0), _Referents([])
        if _is_object_array(value, kind):
            step = max(1, value.size // _SAMPLE)
            sample = value.flat[::step].tolist()
            return value.nbytes, _Referents(sample, value.size / max(1, len(sample)))
        if trait.atom:
            return trait.size_of(value), _Referents([])
        objects, buffers = trait.referents([value])
        new = {address: size for address, size in buffers if address not in self._buffers}
        self._buffers.update(new)
        return trait.size_of(value) + sum(new.values()), _Referents(objects)


class _Referents:
    """Some of an object's referents, and the factor to their total number."""

    def __init__(self, objects: list[Any], scale: float = 1.0) -> None:
        self.objects = objects
        self.scale = scale


def _sampled(value: Any, kind: type) -> _Referents:
    step = len(value) // _SAMPLE
    if kind in (list, tuple):
        sample = list(value[::step])
    elif kind is dict:
        sample = [part for item in islice(value.items(), 0, None, step) for part in item]
        return _Referents(sample, len(value) / (len(sample) / 2))
    else:
        sample = list(islice(value, 0, None, step))
    return _Referents(sample, len(value) / len(sample))


def _is_object_array(value: Any, kind: type) -> bool:
    return _package(kind) == "numpy" and hasattr(value, "flat") and value.dtype == object


def _package(kind: type) -> str:
    module = kind.__module__
    return module.partition(".")[0] if isinstance(module, str) else ""
