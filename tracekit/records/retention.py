"""What keeps memory alive at one point in time: the objects' dominator tree, by variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tracekit.sizes import format_size

UNEXPLAINED = (
    "reached by no variable: native libraries, the interpreter, freed but kept by the allocator"
)
EVERYTHING_ELSE = "modules and small variables"
"""The name for everything that no large variable holds."""
_CONTAINERS = frozenset({"dict", "list", "tuple", "set", "frozenset", "deque", "defaultdict"})
_CHAIN_FRACTION = 0.5
"""Shares of the holder's memory below this are left out of its line."""
_CHAIN_LENGTH = 4
_LINE_FRACTION = 0.01
_TITLE_WIDTH = 64
_OTHERS_SHOWN = 2


@dataclass(frozen=True)
class Holder:
    """Objects that would be freed together, and everything that would be freed with them."""

    name: str
    """A variable, an attribute or a key; empty inside a container."""
    where: str
    """The function, class or module of the variable."""
    kind: str
    """The type of the objects."""
    count: int
    """Number of objects; equal siblings are merged."""
    retained_bytes: int
    """Bytes that would be freed: the objects, and everything reachable only through them."""
    also_held_by: tuple[str, ...] = ()
    """Other holders. With any of them, deleting `name` alone frees nothing."""
    children: tuple[Holder, ...] = ()
    """The largest of what they retain, largest first."""

    @property
    def title(self) -> str:
        """The name and its scope, and other holders."""
        title = f"{self.name} in {self.where}" if self.where else self.name
        bare = dict.fromkeys(other.partition(" in ")[0] for other in self.also_held_by)
        others = [name for name in bare if name != self.name]  # the same variable, passed on
        if len(others) > _OTHERS_SHOWN:
            others[_OTHERS_SHOWN:] = [f"{len(others) - _OTHERS_SHOWN} more"]
        return f"{title}, also held by {_listed(others)}" if others else title

    @property
    def contents(self) -> str:
        """Its type and main contents, such as `dict of 12 lists -> 1,200 dicts`."""
        contents, holder, separator = _counted(self.kind, self.count), self, " of "
        for _ in range(_CHAIN_LENGTH):
            alike = holder._most_alike()
            held_bytes = sum(inner.retained_bytes for inner in alike)
            if not alike or held_bytes < _CHAIN_FRACTION * holder.retained_bytes:
                break
            if holder.kind not in _CONTAINERS:
                separator = " -> "
            inner = alike[0]
            named = len(alike) == 1 and inner.name and inner.name[0] not in "_["
            name = f"{inner.name}: " if named else ""
            contents += separator + name + _counted(inner.kind, sum(each.count for each in alike))
            holder, separator = inner, " -> "
        return contents

    def __str__(self) -> str:
        return f"{format_size(self.retained_bytes)} {self.title}: {self.contents}"

    def _most_alike(self) -> list[Holder]:
        """The children of the type with most of the memory, largest first."""
        by_kind: dict[str, list[Holder]] = {}
        for child in self.children:
            by_kind.setdefault(child.kind, []).append(child)
        return max(
            by_kind.values(),
            key=lambda alike: sum(child.retained_bytes for child in alike),
            default=[],
        )


@dataclass(frozen=True)
class Retention:
    """What kept the memory of a process alive; its text form is a few lines."""

    total_bytes: int
    """Resident memory of the process, above the baseline if there is one."""
    explained_bytes: int
    """Bytes found in objects and buffers; more than the total if memory is untouched."""
    taken_at: str
    """When it was taken: a share of the rows (`rows:90%`), or a date and time."""
    holders: tuple[Holder, ...]
    """Largest first; no memory counts for two of them."""
    above_baseline: bool = False
    seconds: float = 0.0
    """Seconds that finding it took."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """For IPython, without HTML."""
        printer.text(str(self))

    def lines(self, at_most: int = 10) -> Iterator[str]:
        """A headline, the largest holders, and the unexplained rest.

        Args:
            at_most: Maximum number of holders.
        """
        above = "above the baseline" if self.above_baseline else "resident"
        explained = format_size(self.explained_bytes)
        yield f"{format_size(self.total_bytes)} {above}, {explained} explained"
        shown = self.largest(at_most)
        width = min(_TITLE_WIDTH, max((len(each.title) for each in shown), default=0))
        for holder in shown:
            share = self.percentage(holder.retained_bytes)
            yield f"{share} {holder.title:{width}}   {holder.contents}".rstrip()
        rest = self.explained_bytes - sum(each.retained_bytes for each in shown)
        if rest >= _LINE_FRACTION * self.total_bytes:
            yield f"{self.percentage(rest)} {EVERYTHING_ELSE}"
        unexplained = self.total_bytes - self.explained_bytes
        if unexplained > 0:
            yield f"{self.percentage(unexplained)} {UNEXPLAINED}"

    def largest(self, at_most: int) -> tuple[Holder, ...]:
        """The largest holders with a name, if they are large enough to show."""
        least_bytes = _LINE_FRACTION * self.total_bytes
        named = (each for each in self.holders if each.name != EVERYTHING_ELSE)
        return tuple(each for each in islice(named, at_most) if each.retained_bytes >= least_bytes)

    def percentage(self, size_bytes: int) -> str:
        """`size_bytes` as a share of the total, five characters wide."""
        return f"{size_bytes / max(1, self.total_bytes):5.0%}"


def _counted(kind: str, count: int) -> str:
    return kind if count == 1 else f"{count:,} x {kind}"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
