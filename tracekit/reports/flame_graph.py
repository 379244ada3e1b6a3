"""Call trees and compared call stacks as the data that a page's script draws as icicles.

The data is a list of frames, each after its caller, so that stacks of any depth need no recursion.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from markupsafe import Markup

from tracekit.records import CallNode, CallTree, StackDelta, StackDiff
from tracekit.reports import figures
from tracekit.reports.redaction import Redactor, split_location

_HERE = Path(__file__).parent
_COMPONENT = _HERE / "vendored" / "d3-flame-graph" / "d3-flame-graph.min.js"
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_PLACE_PARTS = 2
"""Matches the part of a path that does not depend on the folder of a checkout."""
_PYTHON_FILE = re.compile(r"\.pyw?$|^<|^In \[")
"""A file, a name under which code was compiled, or a notebook's cell; else native code."""
_LINES_SHOWN = 6
OWN, LIBRARY, PYTHON = "own", "library", "python"
"""The owner of a frame's code."""


@dataclass(frozen=True)
class FlameGraph:
    """One graph, as the template and the script need it."""

    label: str
    """What it shows, for screen readers."""
    differential: bool
    frames: list[list[Any]]
    """Number of the caller (-1 for none), name, place, owner, width, change and text."""


@cache
def flame_script() -> Markup:
    """The script that draws every graph of a page."""
    files = (_COMPONENT, _HERE / "templates" / "flame_graph.js")
    return Markup("\n".join(file.read_text(encoding="utf-8") for file in files))  # noqa: S704 - ours


@cache
def flame_script_hash() -> str:
    """The script's hash, for a page's content security policy."""
    digest = hashlib.sha256(flame_script().encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def flame_of_tree(tree: CallTree, redact: Redactor) -> FlameGraph:
    """The memory alive at a heap peak; each call is as wide as the memory it held."""
    frames = [_frame(-1, "all", "", OWN, tree.size_bytes, 0, _description(tree))]
    todo: list[tuple[int, CallNode]] = [(0, root) for root in tree.roots]
    while todo:
        caller, node = todo.pop()
        name, place = _names(redact.location(node.location))
        whose = _whose(node.location)
        frames.append(_frame(caller, name, place, whose, node.size_bytes, 0, _description(node)))
        todo += [(len(frames) - 1, child) for child in reversed(node.children)]
    return FlameGraph(f"{tree.path}: memory alive at the heap peak", False, frames)


@dataclass
class _Call:
    """One function called by another, in both captures."""

    location: str = ""
    lines: set[str] = field(default_factory=set)
    base_bytes: int = 0
    head_bytes: int = 0
    width_bytes: int = 0
    calls: dict[tuple[str, tuple[str, ...]], _Call] = field(default_factory=dict)

    def add(self, delta: StackDelta) -> None:
        self.base_bytes += delta.base_bytes
        self.head_bytes += delta.head_bytes
        self.width_bytes += max(delta.base_bytes, delta.head_bytes)


def flame_of_diff(diff: StackDiff, redact: Redactor) -> FlameGraph:
    """Two heap peaks; each call is as wide as the larger of both, with its change.

    Calls are identified by function and file, because lines move between two versions of a file.
    """
    everything = _Call()
    for delta in (*diff.deltas, *diff.unchanged):
        call = everything
        call.add(delta)
        for location in delta.stack:
            function, file, line = split_location(location)
            parts = PurePath(file.replace("\\", "/")).parts[-_PLACE_PARTS:]
            call = call.calls.setdefault((function, parts), _Call(location))
            call.lines.add(line)
            call.add(delta)
    frames: list[list[Any]] = []
    todo = [(-1, everything)]
    while todo:
        caller, call = todo.pop()
        frames.append(_changed_frame(caller, call, redact))
        inside = sorted(call.calls.values(), key=lambda inner: inner.width_bytes)
        todo += [(len(frames) - 1, inner) for inner in inside]
    frames[0][-1] = _change_text(diff.base_bytes, diff.head_bytes)
    return FlameGraph(f"{diff.base} against {diff.head}: heap at the peak", True, frames)


def _changed_frame(caller: int, call: _Call, redact: Redactor) -> list[Any]:
    change = call.head_bytes - call.base_bytes
    name, place = _names(redact.location(call.location), call.lines) if caller >= 0 else ("all", "")
    return _frame(
        caller,
        name,
        place,
        _whose(call.location),
        call.width_bytes,
        change / call.width_bytes if call.width_bytes else 0,
        _change_text(call.base_bytes, call.head_bytes),
    )


def _change_text(base_bytes: int, head_bytes: int) -> str:
    by = head_bytes - base_bytes
    sign = "+" if by > 0 else "−" if by < 0 else "±"
    sizes = f"{figures.size(base_bytes)} → {figures.size(head_bytes)}"
    return f"{sizes} ({sign}{figures.size(abs(by))})"


def _frame(
    caller: int, name: str, place: str, whose: str, width: int, change: float, text: str
) -> list[Any]:
    shown = (figures.printable(name), figures.printable(place))
    return [caller, *shown, whose, width, round(change, 3), text]


def _description(node: CallNode | CallTree) -> str:
    return f"{figures.size(node.size_bytes)} in {figures.count(node.allocations)} allocations"


def _names(location: str, lines: Iterable[str] = ()) -> tuple[str, str]:
    """A short name of a location, and the whole location."""
    function, file, line = split_location(location)
    if not file:
        return location, ""
    shown = sorted({line, *lines} - {""}, key=lambda text: (len(text), text))
    line = ",".join(shown[:_LINES_SHOWN]) + (",…" if len(shown) > _LINES_SHOWN else "")
    short = PurePath(file).name
    if function == "<module>":
        return f"{short}:{line}", f"{file}:{line}"
    return f"{function} {short}:{line}", f"{file}:{line}"


def _whose(location: str) -> str:
    file = split_location(location)[1].replace("\\", "/")
    parts = PurePath(file).parts
    if not _LIBRARIES.isdisjoint(parts):
        return LIBRARY
    if any(part.startswith("python3") for part in parts) or file.startswith("<frozen"):
        return PYTHON
    return OWN if not file or _PYTHON_FILE.search(file) else LIBRARY


def any_shown(graphs: Iterable[FlameGraph]) -> bool:
    """Whether any graph has frames to show."""
    return any(len(graph.frames) > 1 for graph in graphs)
