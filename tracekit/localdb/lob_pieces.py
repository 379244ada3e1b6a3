"""A LOB that can be changed: extents in order, split and joined as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.localdb.lob_space import READ_BYTES, Extent, LobSpace
from tracekit.localdb.ora_error import OraError

MAX_GAP_BYTES = 64 << 20
"""How far beyond its end a LOB can be written: filling the gap of a small write costs space."""


class LobPieces:
    """Bytes as a list of extents; each extent holds a pin on its segment.

    Args:
        space: Stores the bytes.
        extents: The initial extents; this object takes over their pins.
    """

    def __init__(self, space: LobSpace, extents: list[Extent] | None = None) -> None:
        self._space = space
        self._extents = extents or []
        self.size_bytes = sum(extent.size_bytes for extent in self._extents)

    def append(self, extent: Extent) -> None:
        """Append `extent`, pinned for this object."""
        last = self._extents[-1] if self._extents else None
        if last is not None and last[:2] == (extent.segment, extent.offset - last.size_bytes):
            joined = Extent(last.segment, last.offset, last.size_bytes + extent.size_bytes)
            self._extents[-1] = joined
            self._space.unpin(extent.segment)  # one pin per extent
        else:
            self._extents.append(extent)
        self.size_bytes += extent.size_bytes

    def read(self, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes from `start` on, fewer at the end.

        Raises:
            OraError: ORA-22922 if they were freed in the meantime.
        """
        for extent in _cut(self._extents, start, start + count):
            yield from self._space.read(extent, 0, extent.size_bytes)

    def overwrite(self, start: int, new: LobPieces, filler: bytes) -> None:
        """Write `new`, which is used up, over the bytes from `start` on.

        Args:
            start: The position; a gap beyond the end is filled.
            new: The bytes.
            filler: The bytes that fill the gap.

        Raises:
            OraError: ORA-22925 if the gap would exceed `MAX_GAP_BYTES`.
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
        """Truncate to `size_bytes`."""
        self._replace(_cut(self._extents, 0, size_bytes), [], [])

    def take(self) -> list[Extent]:
        """Return the extents with their pins; this object is then empty."""
        taken, self._extents = self._extents, []
        self.size_bytes = 0
        return taken

    def free(self) -> None:
        """Release all extents."""
        for extent in self.take():
            self._space.unpin(extent.segment)

    def _fill(self, count: int, filler: bytes) -> None:
        while count:
            part = min(count, READ_BYTES)
            self.append(self._space.append([filler * (part // len(filler))], part))
            count -= part

    def _replace(self, before: list[Extent], added: list[Extent], after: list[Extent]) -> None:
        """Set the extents; those of `added` are pinned already."""
        for extent in (*before, *after):
            self._space.pin(extent.segment)
        self.free()
        self._extents = [*before, *added, *after]
        self.size_bytes = sum(extent.size_bytes for extent in self._extents)


def _cut(extents: list[Extent], start: int, end: int) -> list[Extent]:
    """The part of `extents` between the bytes `start` and `end`."""
    found: list[Extent] = []
    at = 0
    for extent in extents:
        first, last = max(start, at), min(end, at + extent.size_bytes)
        if first < last:
            found.append(Extent(extent.segment, extent.offset + first - at, last - first))
        at += extent.size_bytes
    return found
