"""Write a digest file from records, in memory that does not grow with the number of keys."""

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
from tracekit.equality.labels import WHOLE, label, quoted, type_of
from tracekit.equality.pieces import (
    BlockDigests,
    Piece,
    bare_piece,
    block_digests,
    joined,
)
from tracekit.equality.schema import Schema
from tracekit.equality.spill import SortedRuns
from tracekit.errors import NotComparable

_ROWS_PER_BLOCK = 4096
_SPILL_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 500
"""Rough size of an open piece of a key, in bytes."""


class DigestWriter:
    """Writes one side's digest file; `add` every key, then `close`.

    Keys may come in any order and in several pieces: the records of a key are those of its pieces,
    in the order in which they were added. Memory grows neither with the number of keys nor with the
    records of a key. The file appears at `close`; an exception in the `with` block writes no file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_name(path.name + ".part")
        self._meter = CostMeter()
        self._seconds = 0.0
        self._keys: list[tuple[str, int, str]] = []
        self._kinds: set[str] = set()
        self._records: list[Mapping[Any, Any]] = []
        self._open: dict[str, list[Piece]] = {}
        self._open_bytes = 0
        self._runs = SortedRuns(path.parent)
        self._histogram = Histogram()

    def add(
        self,
        key: object,
        records: Sequence[Mapping[Any, Any]],
        columns: Sequence[Any] | None = None,
    ) -> None:
        """Append `records` (in order; there may be none) to `key`.

        Args:
            key: Text, a number, a date, a tuple of them, or `WHOLE`.
            records: The records to append.
            columns: The columns of a table without rows.

        Raises:
            NotComparable: the content of a value cannot be read.
        """
        name = label(key)
        kind = "" if name is key or key is WHOLE else type_of(key)
        self._kinds.add(kind or "str")
        if not records:
            self._open.setdefault(name, []).append(bare_piece(columns, kind))
            self._weigh(1)
            return
        start = 0
        while True:
            room = _ROWS_PER_BLOCK - len(self._records)
            part = records[start : start + room]
            self._keys.append((name, len(part), kind))
            self._records.extend(part)
            start += len(part)
            if len(self._records) < _ROWS_PER_BLOCK and len(self._keys) < _ROWS_PER_BLOCK:
                return
            self._digest_block()
            if start >= len(records):
                return

    def add_all(self, results: Mapping[Any, Sequence[Mapping[Any, Any]]]) -> None:
        """Call `add` for each key of a mapping, or of a piece of one."""
        for key, records in results.items():
            self.add(key, records)

    def close(self, schema: Schema | None = None) -> DigestSummary:
        """Finish the file and return its summary; `schema` holds what the side's tables declare."""
        self._digest_block()
        started = time.perf_counter()
        self._spill()
        with self._unfinished.open("wb") as file:
            file.write(MAGIC)
            with collections_held_back():
                footer = self._write_entries(file)
            footer.schema = schema or Schema()
            footer.key_kinds = sorted(self._kinds)
            self._seconds += time.perf_counter() - started
            footer.seconds = self._seconds
            footer.net_peak_bytes = self._meter.read().net_peak_bytes
            write_footer(file, footer)
        self._unfinished.replace(self._path)
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
        self._unfinished.unlink(missing_ok=True)

    def _write_entries(self, file: BinaryIO) -> Footer:
        whole = blake2b(digest_size=16)
        rows = keys = checksum = 0
        for key, pieces in self._runs.merged():
            records = joined(pieces)
            packed = pack_entry(key, records)
            file.write(packed)
            checksum = crc32(packed, checksum)
            whole.update(packed)
            rows += records[0]
            keys += 1
        columns, orders = self._histogram.totals()
        return Footer(rows, keys, whole.hexdigest(), 0.0, 0, checksum, columns, orders)

    def _digest_block(self) -> None:
        started = time.perf_counter()
        with collections_held_back():
            self._take_in(self._digested())
        self._keys.clear()
        self._records.clear()
        self._seconds += time.perf_counter() - started

    def _digested(self) -> BlockDigests:
        try:
            return block_digests(self._records)
        except NotComparable as exc:
            raise NotComparable(f"{self._first_refused()}{exc}") from exc

    def _first_refused(self) -> str:
        """The place of the record that could not be digested."""
        owners = self._owners()
        for place, record in enumerate(self._records):
            try:
                block_digests([record])
            except NotComparable:
                key = quoted(owners[place])
                return f"key {key}, " if key else ""
        return ""

    def _take_in(self, block: BlockDigests) -> None:
        if not self._keys:
            return
        smallest = min(key for key, _, _ in self._keys)
        for part, places in zip(block.parts, block.places, strict=True):
            self._histogram.add(part, places, smallest, self._owners)
        counts = [count for _, count, _ in self._keys]
        pieces = block.pieces(counts, [kind for _, _, kind in self._keys])
        for (key, _, _), piece in zip(self._keys, pieces, strict=True):
            self._open.setdefault(key, []).append(piece)
        self._weigh(len(self._keys))

    def _weigh(self, pieces: int) -> None:
        """Add to the number of open pieces, and write all of them to disk if there are too many."""
        self._open_bytes += _PIECE_BYTES * pieces
        if self._open_bytes > _SPILL_BYTES:
            self._spill()

    def _owners(self) -> list[str]:
        return [key for key, count, _ in self._keys for _ in range(count)]

    def _spill(self) -> None:
        self._runs.add((key, self._open[key]) for key in sorted(self._open))
        self._open.clear()
        self._open_bytes = 0
