"""Count keys and their rows, in 24 bytes per key for any number of rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from tracekit.records.shape import SHARED_BY

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_MOST_PENDING = 250_000
_MOST_PARTS = 50


class KeyTally:
    """Counts the keys of one query, statement by statement.

    Keys are distinguished by a 64-bit hash. The probability that two of ten million keys have the
    same hash is 0.000003.
    """

    def __init__(self) -> None:
        self.found: Hashes = np.empty(0, np.uint64)
        """The hashes of the keys with rows, sorted; complete after `end_statement`."""
        self.asked: Hashes = np.empty(0, np.uint64)
        """The hashes of the requested keys, sorted."""
        self.occurrences = 0
        """The number of keys with rows; a key requested in several statements counts in each."""
        self.changes_if_mixed = 0.0
        """How often the next row would have another key if the rows were well mixed."""
        self._rows_of_keys: Counter[int] = Counter()
        self._pending: list[tuple[Hashes, Counts]] = []
        self._pending_keys = 0

    def ask(self, keys: Iterable[Hashable]) -> None:
        """Count the keys that a statement requests."""
        asked = np.fromiter((key_hash(key)[0] for key in keys), np.uint64)
        self.asked = np.union1d(self.asked, asked)

    def add(self, hashes: Hashes, rows: Counts) -> None:
        """Count rows of the running statement, by key."""
        self._pending.append((hashes, rows))
        self._pending_keys += len(hashes)
        if self._pending_keys > _MOST_PENDING:
            self._pending = [self._summed()]
            self._pending_keys = 0

    def end_statement(self) -> None:
        """Count the keys of the statement that was read."""
        if not self._pending:
            return
        hashes, rows = self._summed()
        self._pending, self._pending_keys = [], 0
        self.occurrences += len(hashes)
        total = float(rows.sum())
        self.changes_if_mixed += total - float((rows.astype(np.float64) ** 2).sum()) / total
        sizes, keys = np.unique(rows, return_counts=True)
        self._rows_of_keys.update(dict(zip(sizes.tolist(), keys.tolist(), strict=True)))
        self.found = np.union1d(self.found, hashes)

    def rows_per_key(self) -> tuple[float, ...]:
        """Mean rows of keys in equal parts of at least SHARED_BY keys, least first."""
        return means_of_parts(self._rows_of_keys, least_members=SHARED_BY)

    def _summed(self) -> tuple[Hashes, Counts]:
        hashes, place = np.unique(
            np.concatenate([hashes for hashes, _ in self._pending]), return_inverse=True
        )
        rows = np.zeros(len(hashes), np.int64)
        np.add.at(rows, place, np.concatenate([rows for _, rows in self._pending]))
        return hashes, rows


def means_of_parts(counted: Mapping[int, int], *, least_members: int) -> tuple[float, ...]:
    """The mean size in equally large parts of what was counted, the smallest first.

    Args:
        counted: The number of items of each size.
        least_members: The minimum number of items in each part, if there is more than one part.
    """
    if not counted:
        return ()
    sizes = np.array(sorted(counted), np.int64)
    members = np.array([counted[size] for size in sizes.tolist()], np.int64)
    parts = int(max(1, min(_MOST_PARTS, members.sum() // least_members)))
    members_below = np.concatenate([[0], np.cumsum(members)])
    sum_below = np.concatenate([[0], np.cumsum(members * sizes)])
    edges = np.linspace(0, members_below[-1], parts + 1)
    sums = np.diff(np.interp(edges, members_below, sum_below))
    return tuple(round(float(mean), 3) for mean in sums / np.diff(edges))


def key_hash(key: Hashable) -> tuple[int, int]:
    """Two independent 64-bit hashes of a key: one to distinguish keys, one to choose some of them.

    They are the same in every process and leave it only as counts. A CHAR's trailing blanks do not
    matter, because requests omit them; nor does a number's Python type.
    """
    digest = hashlib.blake2b(_written(key).encode("utf-8", "surrogatepass"), digest_size=16)
    both = digest.digest()
    return int.from_bytes(both[:8], "little"), int.from_bytes(both[8:], "little")


def _written(key: Hashable) -> str:
    if isinstance(key, tuple):
        return "\x00".join(map(_written, key))
    if isinstance(key, str):
        return key.rstrip(" ")
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key)
