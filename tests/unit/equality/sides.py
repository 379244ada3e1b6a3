"""Two results with their digest files, as `compare_digests` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracekit.equality import DigestWriter, compare_digests

RecordsByKey = dict[str, list[dict[str, Any]]]


def events(keys: int = 6, quantity: Any = int) -> RecordsByKey:
    return {
        f"C{cid:03d}": [
            {"CONTAINERID": f"C{cid:03d}", "QTY": quantity(index), "N": index} for index in range(3)
        ]
        for cid in range(keys)
    }


class Sides:
    """Two results, their digest files, and a refetch that remembers what it was asked."""

    def __init__(self, folder: Path, reference: RecordsByKey, candidate: RecordsByKey) -> None:
        self.sides = (reference, candidate)
        self.files = (folder / "reference", folder / "candidate")
        self.asked: list[str] = []
        for side, file in zip(self.sides, self.files, strict=True):
            with DigestWriter(file) as writer:
                writer.add_all(side)
                writer.close()

    def refetch(self, keys: Sequence[str]) -> tuple[RecordsByKey, RecordsByKey]:
        self.asked += keys
        first, second = ({cid: side[cid] for cid in keys if cid in side} for side in self.sides)
        return first, second

    def proof(self, **options: Any) -> Any:
        return compare_digests(*self.files, **{"refetch": self.refetch, **options})
