"""The roots of the graph: variables of running code, modules, tasks and exceptions.

They are read in the forked process, where nothing changes any more and where reading does not
affect the program: `frame.f_locals` puts a dict on the frame before Python 3.13.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import traceback
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from sys import getrefcount
from types import FrameType
from typing import Any

from tracekit.profiling.retention.graph import ROOT, ObjectGraph
from tracekit.profiling.retention.moment import Moment
from tracekit.profiling.retention.variables import attributes

GARBAGE = "uncollected garbage"
NO_VARIABLE = "no variable"
RESULTS = "Out"
HANDLED = "exception being handled"
MODULE = "module "
THREAD = "thread "
_CHUNK = 4096
_INLINE_VALUES = sys.version_info >= (3, 13)
_WORD = ctypes.sizeof(ctypes.c_void_p)


def walk_from_roots(graph: ObjectGraph, moment: Moment, tracked: array[int]) -> None:
    """Add everything to `graph`.

    Args:
        graph: An empty graph.
        moment: Recorded before the fork.
        tracked: Addresses of all objects that the collector tracked after the fork.
    """
    for holder, values in moment.thread_locals:
        graph.extra_referents[id(holder)] = values
    for name, module in moment.modules:
        variables = attributes(module)  # IPython's __main__ is not a module
        if variables is not None and graph.node_of(variables) is None:
            _add_module(graph, name, variables)
    for name, frames in moment.stacks:
        _add_stack(graph, name, frames)
    graph.hold(ROOT, _tasks())
    _add_exceptions(graph, moment.exceptions)
    graph.hold(ROOT, (found for found, _ in moment.thread_locals))
    graph.walk()
    _add_unreached(graph, tracked)


def _add_module(graph: ObjectGraph, name: str, variables: dict[str, Any]) -> None:
    node = graph.scope(MODULE + name, value=variables)
    results, hidden = variables.get("Out"), variables.get("_oh")
    if name == "__main__" and hidden is results and isinstance(results, dict):  # IPython's
        graph.hold(graph.scope(RESULTS, node, results), list(results.values()))
    graph.hold(node, list(variables.values()))


def _add_stack(graph: ObjectGraph, thread: str, frames: Sequence[FrameType]) -> None:
    node = graph.scope(THREAD + thread)
    for frame in reversed(frames):
        node = graph.scope("frame", node, frame)
        variables = frame.f_locals
        if type(variables) is dict and graph.node_of(variables) is not None:  # a module's own code
            graph.hold(node, [variables])
        else:
            graph.hold(node, list(variables.values()))


def _add_exceptions(graph: ObjectGraph, exceptions: Iterable[Any]) -> None:
    """Exceptions being handled; the functions they ended count as running, with their variables."""
    node = graph.scope(HANDLED)
    for exception in exceptions:
        for frame, _ in traceback.walk_tb(exception.__traceback__):
            if graph.node_of(frame) is None:
                graph.hold(graph.scope("frame", node, frame), list(frame.f_locals.values()))
    graph.hold(node, exceptions)


def _tasks() -> list[Any]:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    kinds = {asyncio.Task, getattr(asyncio.tasks, "_PyTask", asyncio.Task)}
    objects = gc.get_objects()
    return list(compress(objects, map(kinds.__contains__, map(type, objects))))


def _add_unreached(graph: ObjectGraph, tracked: array[int]) -> None:
    """Objects that no variable leads to: held by native code, by a temporary value or by a cycle.

    The references that these objects have from each other are counted; one that has more is held
    from elsewhere. The collector finds garbage in the same way.
    """
    rest = [found for found in graph.unvisited(tracked) if not _is_part_of_instance(found)]
    inside: Counter[int] = Counter()
    for start in range(0, len(rest), _CHUNK):
        inside.update(map(id, gc.get_referents(*rest[start : start + _CHUNK])))
    uncounted = next(map(getrefcount, [object()]))  # by the list and by map itself
    counts = list(map(getrefcount, rest))
    held = [
        found
        for found, count in zip(rest, counts, strict=True)
        if count - uncounted > inside[id(found)]
    ]
    graph.hold(graph.scope(NO_VARIABLE), held)
    graph.walk(only_new=True)
    graph.hold(graph.scope(GARBAGE), graph.unvisited(array("Q", map(id, rest))))
    graph.walk(only_new=True)


def _is_part_of_instance(found: Any) -> bool:
    """Whether this is the `__dict__` of an instance that stores the values itself.

    Since Python 3.13 neither refers to the other as far as the collector knows. In CPython's
    dictobject.h `ma_values` comes after five words, and its third byte says `embedded`.
    """
    if type(found) is not dict or not _INLINE_VALUES:
        return False
    values = ctypes.c_void_p.from_address(id(found) + 5 * _WORD).value
    return values is not None and ctypes.c_uint8.from_address(values + 2).value == 1
