"""From records to a digest file, in memory that does not grow with the number of CIDs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from zlib import crc32

from tracekit.equality.cost import CostMeter, collections_held_back
from tracekit.equality.digest_file import (
    MAGIC,
    DigestSummary,
    Footer,
    pack_entry,
    write_footer,
)
from tracekit.equality.histogram import Histogram
from tracekit.equality.pieces import BlockDigests, Piece, block_digests, cid_digests
from tracekit.equality.rows import DIGEST_BYTES
from tracekit.equality.spill import SortedRuns

_ROWS_PER_BLOCK = 4096
_SPILL_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 500
"""What an open piece of a CID weighs beside its digests, roughly."""


class DigestWriter:
    """Writes one side's digest file; `add` every CID, then `close`.

    CIDs come in any order and a CID may come in several pieces: the records of a CID are those
    of its pieces in the order they were added. Memory stays within about 40 MiB plus 16 to 48
    bytes for each record of the largest CID. Nothing is at `path` until `close`; leaving the
    `with` block by an exception writes no file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._meter = CostMeter()
        self._seconds = 0.0
        self._cids: list[tuple[str, int]] = []
        self._records: list[Mapping[Any, Any]] = []
        self._open: dict[str, list[Piece]] = {}
        self._open_bytes = 0
        self._runs = SortedRuns(path.parent)
        self._histogram = Histogram()

    def add(self, cid: str, records: Sequence[Mapping[Any, Any]]) -> None:
        """Append `records` (in order, maybe none) to `cid`.

        Raises:
            TypeError: a value has no canonical form.
        """
        start = 0
        while True:
            room = _ROWS_PER_BLOCK - len(self._records)
            part = records[start : start + room] if start or len(records) > room else records
            self._cids.append((cid, len(part)))
            self._records.extend(part)
            start += len(part)
            if len(self._records) < _ROWS_PER_BLOCK and len(self._cids) < _ROWS_PER_BLOCK:
                return
            self._digest_block()
            if start >= len(records):
                return

    def add_all(self, events: Mapping[str, Sequence[Mapping[Any, Any]]]) -> None:
        """`add` each CID of a mapping or of a piece of one."""
        for cid, records in events.items():
            self.add(cid, records)

    def close(self) -> DigestSummary:
        """Finish the file and say what it amounts to."""
        self._digest_block()
        started = time.perf_counter()
        self._spill()
        unfinished = self._path.with_name(self._path.name + ".part")
        with unfinished.open("wb") as file:
            file.write(MAGIC)
            with collections_held_back():
                footer = self._write_entries(file)
            self._seconds += time.perf_counter() - started
            footer.seconds = self._seconds
            footer.net_peak_bytes = self._meter.read().net_peak_bytes
            write_footer(file, footer)
        unfinished.replace(self._path)
        self._runs.close()
        return footer.summary()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runs.close()

    def _write_entries(self, file: BinaryIO) -> Footer:
        whole = blake2b(digest_size=DIGEST_BYTES)
        rows = cids = checksum = 0
        for cid, pieces in self._runs.merged():
            entry = cid_digests(cid, pieces)
            packed = pack_entry(entry)
            file.write(packed)
            checksum = crc32(packed, checksum)
            name = cid.encode("utf-8", "surrogatepass")
            whole.update(b"%d:%b" % (len(name), name))
            whole.update(entry.ordered.exact)
            rows += entry.rows
            cids += 1
        columns, orders = self._histogram.totals()
        return Footer(rows, cids, whole.hexdigest(), 0.0, 0, checksum, columns, orders)

    def _digest_block(self) -> None:
        started = time.perf_counter()
        with collections_held_back():
            self._take_in(block_digests(self._records))
        self._cids.clear()
        self._records.clear()
        if self._open_bytes > _SPILL_BYTES:
            self._spill()
        self._seconds += time.perf_counter() - started

    def _take_in(self, block: BlockDigests) -> None:
        smallest = min((cid for cid, count in self._cids if count), default="")
        for part, places in zip(block.parts, block.places, strict=True):
            self._histogram.add(part, places, smallest, self._owners)
        position = 0
        for cid, count in self._cids:
            pieces = self._open.get(cid)
            if pieces is None:
                pieces = self._open[cid] = []
            if count:
                pieces += block.pieces(position, position + count)
            position += count
        levels = 1 + (block.json is not block.exact) + (block.value is not block.json)
        self._open_bytes += _PIECE_BYTES * len(self._cids) + levels * DIGEST_BYTES * position

    def _owners(self) -> list[str]:
        return [cid for cid, count in self._cids for _ in range(count)]

    def _spill(self) -> None:
        self._runs.add((cid, self._open[cid]) for cid in sorted(self._open))
        self._open.clear()
        self._open_bytes = 0
