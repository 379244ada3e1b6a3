"""Prove that any two results are equal, or see where they differ."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tracekit.equality import DigestWriter, compare_digests
from tracekit.equality.sources import Piece, event_pieces
from tracekit.errors import ConfigError
from tracekit.records import Level
from tracekit.replay.prove_view import EqualityProof

Events = Mapping[str, Sequence[Mapping[Any, Any]]]


def prove(
    left: Any,
    right: Any,
    key: str = "CONTAINERID",
    *,
    unordered: bool = False,
    level: Level | str = Level.VALUE,
    max_examples: int = 10,
) -> EqualityProof:
    """The strictest level at which `right` equals `left`, what drifts, what differs first.

    Each side is a mapping `{CID: [records]}`, a DataFrame, an Arrow table, or an iterable of
    records, of row batches `(columns, rows)`, of DataFrames, of Arrow batches or of such
    mappings. Neither is held in memory beyond what the caller holds: a side that can be read
    only once is spooled to a temporary file, so that CIDs that differ can be shown.

    Args:
        left: The reference.
        right: The candidate.
        key: The column that holds the CID.
        unordered: Compare the records of a CID as a multiset: for queries whose order leaves
            ties.
        level: The level that must hold for `equal` to be true.
        max_examples: Most differences to show.

    Raises:
        ConfigError: a side is no source of events or lacks the column `key`, or `level` is none.
        TypeError: a value says nothing about its content (a plain object).
    """
    required = _level(level)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tracekit-prove-")))
        sides = [_Side(source, key, folder) for source in (left, right)]
        for side in sides:
            stack.callback(side.close)
        files = [folder / "reference", folder / "candidate"]
        for side, file in zip(sides, files, strict=True):
            side.digest(file)

        def refetch(cids: Sequence[str]) -> tuple[Events, Events]:
            return sides[0].events_of(cids), sides[1].events_of(cids)

        record = compare_digests(
            *files,
            required=required,
            unordered=unordered,
            key=key,
            max_examples=max_examples,
            refetch=refetch,
        )
    return EqualityProof(record)


def _level(level: Level | str) -> Level:
    try:
        return Level(level)
    except ValueError:
        names = ", ".join(Level)
        raise ConfigError(f"level {level!r} is none of {names}") from None


class _Side:
    """One side's events, to be read through once and looked into again."""

    def __init__(self, source: Any, key: str, folder: Path) -> None:
        self._source = source
        self._key = key
        self._spool: BinaryIO | None = None
        if isinstance(source, Iterator):
            self._spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)

    def digest(self, file: Path) -> None:
        """Write the side's digests; what cannot be read again is spooled meanwhile."""
        with DigestWriter(file) as writer:
            for piece in event_pieces(self._source, self._key):
                if self._spool is not None:
                    pickle.dump(piece, self._spool, protocol=5)
                writer.add(*piece)
            writer.close()

    def events_of(self, cids: Sequence[str]) -> Events:
        """The events of some CIDs."""
        wanted = set(cids)
        found: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
        pieces = self._spooled() if self._spool else event_pieces(self._source, self._key)
        for cid, records in pieces:
            if cid in wanted:
                found[cid].extend(records)
        return found

    def _spooled(self) -> Iterator[Piece]:
        assert self._spool is not None, "a side that is read once is spooled"
        self._spool.seek(0)
        while True:
            try:
                piece: Piece = pickle.load(self._spool)  # noqa: S301 (we wrote it just before)
            except EOFError:
                return
            yield piece

    def close(self) -> None:
        """Give the spool's disk space back."""
        if self._spool is not None:
            self._spool.close()
