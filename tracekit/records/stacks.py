"""What held the memory: the call tree of a capture, and the call stacks of two compared.

A location is `function:file:line`, as memray's own JSON writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class CallNode:
    """A location, and the memory that it and its callees held."""

    location: str
    size_bytes: int
    allocations: int
    children: tuple[CallNode, ...] = ()
    """Its callees. If their sum is less than the node, the node itself holds the rest."""


@dataclass(frozen=True)
class CallTree:
    """The memory alive at one candidate's heap peak, by caller."""

    path: str
    size_bytes: int
    """Total bytes alive; `roots` may leave out the smallest."""
    allocations: int
    roots: tuple[CallNode, ...]
    remarks: tuple[str, ...] = ()
    """Remarks, such as a capture cut off by a kill."""


class StackChange(StrEnum):
    """How a call stack changed."""

    NEW = "new"
    GROWN = "grown"
    SHRUNK = "shrunk"
    GONE = "gone"
    SAME = "same"


@dataclass(frozen=True)
class StackDelta:
    """One call stack's memory at the peaks of two captures; 0 bytes if it held nothing."""

    stack: tuple[str, ...]
    """Locations, the outermost caller first."""
    base_bytes: int
    head_bytes: int
    base_allocations: int
    head_allocations: int

    @property
    def delta_bytes(self) -> int:
        """How much it grew; negative if it shrank."""
        return self.head_bytes - self.base_bytes

    @property
    def change(self) -> StackChange:
        """How it changed."""
        if self.delta_bytes == 0:
            return StackChange.SAME
        if self.base_bytes == 0:
            return StackChange.NEW
        if self.head_bytes == 0:
            return StackChange.GONE
        return StackChange.GROWN if self.delta_bytes > 0 else StackChange.SHRUNK


@dataclass(frozen=True)
class StackDiff:
    """Two captures compared by call stack."""

    base: str
    """Name of a candidate or a capture."""
    head: str
    base_bytes: int
    """Heap peak of the capture."""
    head_bytes: int
    deltas: tuple[StackDelta, ...]
    """The changes, largest first."""
    remarks: tuple[str, ...] = ()
    unchanged: tuple[StackDelta, ...] = ()
    """Unchanged call stacks, largest first, without the smallest."""


@dataclass(frozen=True)
class RunStacks:
    """What held the memory in one run; saved as `stacks.json` in its folder."""

    call_trees: tuple[CallTree, ...] = ()
    """One for each candidate that has a capture."""
    stack_diffs: tuple[StackDiff, ...] = ()
    """The reference against each candidate."""
    schema_version: int = 1
