"""The number of cells of each kind in each column, and one example of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracekit.equality.canonical import canonical
from tracekit.equality.digest_file import KindTotal
from tracekit.equality.forms import Kind, text_of
from tracekit.equality.rows import RecordDigests

_MAX_ORDERS = 64


class Histogram:
    """Counts kinds over all records of one side.

    The example of a kind is its first cell in the smallest key that has one, so two sides with
    equal values show the same cell, whatever the order of their keys.
    """

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, KindTotal]] = {}
        self._orders: dict[tuple[str, ...], None] = {}

    def add(
        self,
        part: RecordDigests,
        places: Sequence[int],
        smallest: str,
        owners: Callable[[], Sequence[str]],
    ) -> None:
        """Count the records of `part`.

        Args:
            part: Records of a block that share their columns.
            places: Their positions in the block.
            smallest: A key not greater than any of the block's.
            owners: Returns the key of each record of the block; called only if needed.
        """
        if len(self._orders) < _MAX_ORDERS:
            self._orders.setdefault(part.layout.names)
        by_key: list[tuple[str, int]] = []
        for name, forms in part.columns.items():
            totals = self._columns.setdefault(name, {})
            for kind, count in forms.kinds.items():
                total = totals.setdefault(kind_key(kind), KindTotal(0, None, ""))
                total.count += count
                if total.key is None or smallest < total.key:
                    by_key = by_key or _sorted_places(places, owners())
                    key, index = _first(part.cells[name], kind, len(forms.kinds), by_key)
                    if total.key is None or key < total.key:
                        total.key, total.example = key, text_of(part.cells[name][index])

    def totals(self) -> tuple[dict[str, dict[str, KindTotal]], list[list[str]]]:
        """For each column, the total of each `family:kind`; and the orders of columns."""
        return self._columns, [list(order) for order in self._orders]


def kind_key(kind: Kind) -> str:
    """`kind` as text, for files."""
    return f"{kind.family}:{kind.name}"


def kind_of_key(key: str) -> Kind:
    """The kind that `kind_key` wrote; a family holds no colon."""
    family, _, name = key.partition(":")
    return Kind(name, family)


def _sorted_places(places: Sequence[int], owners: Sequence[str]) -> list[tuple[str, int]]:
    return sorted((owners[place], index) for index, place in enumerate(places))


def _first(
    cells: Sequence[object], kind: Kind, kinds: int, by_key: list[tuple[str, int]]
) -> tuple[str, int]:
    if kinds == 1:
        return by_key[0]
    return next(entry for entry in by_key if canonical(cells[entry[1]]).kind == kind)
