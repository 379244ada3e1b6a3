"""Prove that any two results are equal, or see where they differ."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from tracekit.equality import DigestWriter, compare_digests
from tracekit.equality.labels import label
from tracekit.equality.sources import KeyColumns, Pieces, key_columns, read_once
from tracekit.equality.stretch import Records
from tracekit.errors import ConfigError, NotComparable
from tracekit.experiment.look_again import LabelledPieces, look_again
from tracekit.experiment.prove_view import EqualityProof
from tracekit.records import Level


def prove(
    left: Any,
    right: Any,
    key: Any = None,
    *,
    unordered: bool = False,
    level: Level | str = Level.VALUE,
    max_examples: int = 10,
) -> EqualityProof:
    """Find the strictest level at which `right` equals `left`, the drift, and the differences.

    Each side can be a mapping of keys to records, to frames or to single values; a frame (pandas,
    polars) or a Series, an Arrow table or anything that exports an Arrow stream; an iterable of
    records, of rows, of row batches `(columns, rows)`, of frames, of Arrow batches or of such
    mappings; a cursor; or a single value. No copy of a side is held in memory: one that can be read
    only once is spooled to a temporary file, so that its differences can be shown.

    Args:
        left: The reference.
        right: The candidate.
        key: The key column, or several. Rows of one key are compared in order; keys have no order.
            A mapping already has keys; if its records have a column with the same values, the
            other side is grouped by that column. Without keys, the results are compared as a
            whole, in order.
        unordered: Compare the records of a key (or all records) as a multiset, for queries whose
            order leaves ties.
        level: The level that must hold for `equal` to be true.
        max_examples: Maximum number of differences to show.

    Raises:
        ConfigError: a side cannot be divided by `key`, is a path, or is the same iterator as the
            other; or another argument makes no sense.
        NotComparable: the content of a value cannot be read (a plain object).
    """
    required = _level(level)
    _check_examples(max_examples)
    _check_sides(left, right)
    keys = _key_columns(key, left, right)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tracekit-prove-")))
        sides = [_Side(source, keys, folder) for source in (left, right)]
        for side in sides:
            stack.callback(side.close)
        files = [folder / "reference", folder / "candidate"]
        for side, file in zip(sides, files, strict=True):
            side.digest(file)

        def refetch(labels: Sequence[str]) -> tuple[Records, Records]:
            again = [side.again for side in sides]
            return look_again(labels, again, unordered=unordered)

        record = compare_digests(
            *files,
            required=required,
            unordered=unordered,
            key=keys or (),
            max_examples=max_examples,
            refetch=refetch,
        )
    return EqualityProof(record)


def _key_columns(key: Any, left: Any, right: Any) -> KeyColumns | None:
    """The key columns; None if neither side is divided by keys."""
    if key is not None:
        found = tuple(key) if isinstance(key, list | tuple) else (key,)
        if not all(isinstance(name, Hashable) for name in found):
            raise ConfigError(f"key={key!r} is not a column; pass its name, or a list of names")
        return found
    mappings = [side for side in (left, right) if isinstance(side, Mapping)]
    if not mappings:
        return None
    known = (columns for side in mappings if (columns := key_columns(side)))
    return next(known, ())


def _check_examples(count: Any) -> None:
    if not isinstance(count, int) or count < 0:
        raise ConfigError(f"max_examples={count!r} is not a number of differences, such as 10")


def _check_sides(left: Any, right: Any) -> None:
    if left is right and read_once(left):
        raise ConfigError(
            f"both sides are the same {type(left).__name__}, which can be read only once. "
            "Make one for each side"
        )
    for side in (left, right):
        if isinstance(side, PurePath):
            raise ConfigError(
                f"{str(side)!r} is a path, and prove compares results. Read the file first, "
                "for example with pyarrow.parquet.read_table"
            )


def _level(level: Level | str) -> Level:
    try:
        return Level(level)
    except ValueError:
        names = ", ".join(Level)
        raise ConfigError(f"unknown level {level!r}; expected one of {names}") from None


class _Side:
    """One side's result, which is read once in full and then again in part."""

    def __init__(self, source: Any, keys: KeyColumns | None, folder: Path) -> None:
        self._pieces = Pieces(source, keys)
        self._spool: BinaryIO | None = None
        if read_once(source):
            self._spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)

    def digest(self, file: Path) -> None:
        """Write the side's digests; what cannot be read again is spooled at the same time."""
        with DigestWriter(file) as writer:
            for piece in self._pieces:
                if self._spool is not None:
                    _spooled((label(piece.key), piece.records), self._spool)
                writer.add(*piece)
            writer.close(self._pieces.schema)

    def again(self) -> LabelledPieces:
        """Read the side again."""
        if self._spool is None:
            yield from ((label(piece.key), piece.records) for piece in self._pieces)
            return
        self._spool.seek(0)
        while True:
            try:
                yield pickle.load(self._spool)  # noqa: S301 (we wrote it just before)
            except EOFError:
                return

    def close(self) -> None:
        """Free the spool's disk space."""
        if self._spool is not None:
            self._spool.close()


def _spooled(piece: object, spool: BinaryIO) -> None:
    start = spool.tell()
    try:
        pickle.dump(piece, spool, protocol=5)
    except OSError:
        raise
    except Exception:  # a memoryview, or a class made in a function
        import cloudpickle

        spool.seek(start)
        spool.truncate()
        try:
            cloudpickle.dump(piece, spool, protocol=5)
        except Exception as exc:
            raise NotComparable(
                f"a side that can be read only once has a value that cannot be set aside: {exc}. "
                "Pass a list, or convert the value"
            ) from exc
