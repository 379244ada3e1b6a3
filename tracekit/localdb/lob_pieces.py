"""A LOB that can be changed: extents in order, cut and joined as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.localdb.lob_space import READ_BYTES, Extent, LobSpace
from tracekit.localdb.ora_error import OraError

MAX_GAP_BYTES = 64 << 20
"""How far beyond its end a LOB may be written: the gap is filled, and a few bytes ask for it."""


class LobPieces:
    """Bytes as a list of extents; every extent holds one pin on its segment.

    Args:
        space: Where the bytes lie.
        extents: What it starts with; their pins belong to this object now.
    """

    def __init__(self, space: LobSpace, extents: list[Extent] | None = None) -> None:
        self._space = space
        self._extents = extents or []
        self.size_bytes = sum(extent.size_bytes for extent in self._extents)

    def append(self, extent: Extent) -> None:
        """Add `extent`, pinned for this object, at the end."""
        last = self._extents[-1] if self._extents else None
        if last is not None and last[:2] == (extent.segment, extent.offset - last.size_bytes):
            joined = Extent(last.segment, last.offset, last.size_bytes + extent.size_bytes)
            self._extents[-1] = joined
            self._space.unpin(extent.segment)  # one pin per extent
        else:
            self._extents.append(extent)
        self.size_bytes += extent.size_bytes

    def read(self, start: int, count: int) -> Iterator[bytes]:
        """`count` bytes from `start` on, fewer at the end.

        Raises:
            OraError: ORA-22922, they were freed meanwhile.
        """
        for extent in _cut(self._extents, start, start + count):
            yield from self._space.read(extent, 0, extent.size_bytes)

    def overwrite(self, start: int, new: LobPieces, filler: bytes) -> None:
        """Put `new`, which is used up, over the bytes from `start` on.

        Args:
            start: Where; beyond the end, what lies between is filled.
            new: The bytes.
            filler: What the gap is filled with.

        Raises:
            OraError: ORA-22925, the gap would be larger than `MAX_GAP_BYTES`.
        """
        if start - self.size_bytes > MAX_GAP_BYTES:
            raise OraError(22925, "operation would exceed maximum size allowed for a LOB")
        if start > self.size_bytes:
            self._fill(start - self.size_bytes, filler)
        if start == self.size_bytes:
            for extent in new.take():
                self.append(extent)
            return
        before = _cut(self._extents, 0, start)
        after = _cut(self._extents, start + new.size_bytes, self.size_bytes)
        self._replace(before, new.take(), after)

    def trim(self, size_bytes: int) -> None:
        """Keep the first `size_bytes` only."""
        self._replace(_cut(self._extents, 0, size_bytes), [], [])

    def take(self) -> list[Extent]:
        """The extents with their pins; nothing is left here."""
        taken, self._extents = self._extents, []
        self.size_bytes = 0
        return taken

    def free(self) -> None:
        """Let go of everything."""
        for extent in self.take():
            self._space.unpin(extent.segment)

    def _fill(self, count: int, filler: bytes) -> None:
        while count:
            part = min(count, READ_BYTES)
            self.append(self._space.append([filler * (part // len(filler))], part))
            count -= part

    def _replace(self, before: list[Extent], added: list[Extent], after: list[Extent]) -> None:
        """Be these extents; those of `added` are pinned already."""
        for extent in (*before, *after):
            self._space.pin(extent.segment)
        self.free()
        self._extents = [*before, *added, *after]
        self.size_bytes = sum(extent.size_bytes for extent in self._extents)


def _cut(extents: list[Extent], start: int, end: int) -> list[Extent]:
    """The part of `extents` from byte `start` to byte `end`."""
    found: list[Extent] = []
    at = 0
    for extent in extents:
        first, last = max(start, at), min(end, at + extent.size_bytes)
        if first < last:
            found.append(Extent(extent.segment, extent.offset + first - at, last - first))
        at += extent.size_bytes
    return found
