"""Fetch keys again by both paths, and compare them cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tracekit.equality.alignment import KeyComparison, Row, cell_pairs, compare_rows, rows_of
from tracekit.equality.cost import CostMeter
from tracekit.equality.differences import differences_of
from tracekit.equality.digest_file import Footer
from tracekit.equality.drift import NOT_READ_AGAIN, CellCounts, drift_table
from tracekit.equality.histogram import kind_of_key
from tracekit.equality.labels import quoted, shown, type_shown
from tracekit.equality.stretch import Records, Stretch
from tracekit.equality.tally import Tally
from tracekit.errors import TracekitError
from tracekit.records import Difference, DifferenceKind, Drift, Level

_EXAMPLES_PER_KEY = 3
"""Maximum number of differences of one key to show."""

_NESTED = ("list", "tuple", "dict", "set")
"""Families in which totals do not show changes inside values."""

Refetch = Callable[[Sequence[str]], tuple[Records, Records]]
"""Fetches keys again: returns the reference's records and the candidate's."""


class Refetched:
    """The results for the keys that were fetched again; empty until `fetch`."""

    def __init__(
        self,
        tally: Tally,
        reference: Footer,
        candidate: Footer,
        *,
        key_columns: frozenset[str],
        unordered: bool,
    ) -> None:
        self._tally = tally
        self._reference = reference
        self._candidate = candidate
        self._key_columns = key_columns
        self._unordered = unordered
        self._cells = CellCounts()
        self._comparisons: list[KeyComparison] = []
        self.unsteady: list[str] = []
        """Keys whose digests differed but whose records were equal when fetched again."""
        self.fetched = 0
        self.failure: TracekitError | None = None
        """Why the keys could not be fetched again."""
        self.cut = False
        """Whether only a stretch of a key's records was compared."""
        self.columns_reordered = False
        """Whether a record has its columns in another order."""

    def needed(self) -> bool:
        """Whether the digests alone are not enough."""
        if self._tally.level is Level.EXACT:
            return False
        drift, sampled = self.drift()
        unseen = any(row.example_to == NOT_READ_AGAIN for row in drift)
        nested = any(
            kind_of_key(key).family in _NESTED
            for kinds in self._reference.columns.values()
            for key in kinds
        )
        return bool(self._tally.different or sampled or not drift or unseen or nested)

    def fetch(self, refetch: Refetch, meter: CostMeter) -> None:
        """Fetch the first different keys or, if none differ, the first that drifted."""
        tally = self._tally
        keys = tally.different_keys or tally.drifted_keys
        try:
            with meter.leaving_out_memory():
                reference, candidate = refetch(keys)
        except TracekitError as exc:
            self.failure = exc
            return
        found = [key for key in keys if key in reference or key in candidate] or keys
        self.fetched = len(found)
        for key in found:
            sides = (reference.get(key, ()), candidate.get(key, ()))
            left, right = (
                rows_of(each, self._key_columns, getattr(each, "first", 0)) for each in sides
            )
            self._compare(key, left, right, cut=any(isinstance(each, Stretch) for each in sides))

    def _compare(self, key: str, left: list[Row], right: list[Row], *, cut: bool) -> None:
        for side, rows in ((self._cells.reference, left), (self._cells.candidate, right)):
            for row in rows:
                self._cells.count_cells(side, row.forms)
        comparison = compare_rows(
            key, left, right, key_columns=self._key_columns, unordered=self._unordered
        )
        if cut:
            self.cut = True
            comparison.leave_out_the_end()
        self._cells.compare(cell_pairs(comparison))
        self._comparisons.append(comparison)
        self.columns_reordered |= any(
            one.forms.keys() == other.forms.keys() and list(one.forms) != list(other.forms)
            for one, other in comparison.pairs
        )
        whole = (*self._tally.missing_keys, *self._tally.extra_keys)
        told = key in whole or comparison.empty or differences_of(comparison)
        if self._tally.different and not told:
            self.unsteady.append(key)

    def drift(self) -> tuple[list[Drift], list[str]]:
        """The drift of all columns, and the columns whose counts come from a sample."""
        complete = self.fetched == self._tally.different and not self.cut
        totals = self._reference.columns
        names = dict.fromkeys(name for order in self._reference.orders for name in order)
        in_order = {name: totals[name] for name in (*names, *totals)}
        return drift_table(in_order, self._candidate.columns, self._cells, complete=complete)

    def orders_differ(self) -> bool:
        """Whether the two sides' records have their columns in different orders."""
        return sorted(self._reference.orders) != sorted(self._candidate.orders)

    def examples(self, limit: int) -> list[Difference]:
        """The first differences; without a refetch only the keys."""
        return [_as_shown(difference) for difference in self._first(limit)]

    def _first(self, limit: int) -> list[Difference]:
        if not self.fetched:
            return [self._bare(key) for key in self._tally.different_keys[:limit]]
        gone = {row.content: each.key for each in self._comparisons for row in each.missing}
        new = {row.content: each.key for each in self._comparisons for row in each.extra}
        found: list[Difference] = []
        rest: list[Difference] = []
        for comparison in self._comparisons:
            if len(found) >= limit:
                break
            differences = self._differences(comparison, gone, new)
            found += differences[:_EXAMPLES_PER_KEY]
            rest += differences[_EXAMPLES_PER_KEY:]
        return _told_once(found + rest)[:limit]

    def _differences(
        self, comparison: KeyComparison, gone: Mapping[bytes, str], new: Mapping[bytes, str]
    ) -> list[Difference]:
        key, tally = comparison.key, self._tally
        if key in tally.missing_keys:
            return [_whole_key(self._bare(key), comparison.missing, new, "candidate")]
        if key in tally.extra_keys:
            return [_whole_key(self._bare(key), comparison.extra, gone, "reference")]
        if comparison.empty:
            remark = "no records on either side, but other columns"
            return [Difference(DifferenceKind.COLUMNS, key, remark=remark)]
        found = differences_of(comparison, column_order=not tally.different)
        by_index = {
            DifferenceKind.MISSING_RECORD: {row.index: row for row in comparison.missing},
            DifferenceKind.EXTRA_RECORD: {row.index: row for row in comparison.extra},
        }
        told = []
        for difference in found:
            row = by_index.get(difference.kind, {}).get(difference.record_index or 0)
            missing = difference.kind is DifferenceKind.MISSING_RECORD
            other = (new if missing else gone).get(row.content) if row else None
            if other is not None and other != key:
                side = "candidate" if missing else "reference"
                where = f"the {side} has it under key {quoted(other)}"
                difference = replace(difference, remark=where)
            told.append(difference)
        return told

    def _bare(self, key: str) -> Difference:
        if key in self._tally.missing_keys:
            return Difference(DifferenceKind.MISSING_KEY, key, remark="missing from the candidate")
        if key in self._tally.extra_keys:
            return Difference(DifferenceKind.EXTRA_KEY, key, remark="only in the candidate")
        return Difference(DifferenceKind.VALUE, key, remark="records differ; not fetched again")


def _as_shown(difference: Difference) -> Difference:
    """The difference with key and column instead of their labels."""
    key, column = difference.key, difference.column
    return replace(
        difference,
        key=shown(key),
        key_type=type_shown(key),
        column=None if column is None else shown(column),
    )


def _told_once(differences: list[Difference]) -> list[Difference]:
    """Each difference in columns once, at the first record that has it."""
    counts = Counter(each.remark for each in differences if _is_of_columns(each))
    told = []
    for difference in differences:
        if _is_of_columns(difference):
            if difference.remark not in counts:
                continue
            count = counts.pop(difference.remark)
            if count > 1:
                remark = f"{difference.remark} (in {count:,} or more records)"
                difference = replace(difference, remark=remark)
        told.append(difference)
    return told


def _is_of_columns(difference: Difference) -> bool:
    """Whether a record has other columns; a key without records may have some, too."""
    return difference.kind is DifferenceKind.COLUMNS and difference.record_index is not None


def _whole_key(
    bare: Difference, rows: Sequence[Row], elsewhere: Mapping[bytes, str], side: str
) -> Difference:
    remark = f"{bare.remark} and its {len(rows)} records" if rows else f"{bare.remark}; no records"
    others = sorted({elsewhere[row.content] for row in rows if row.content in elsewhere})
    if others:
        remark += f"; the {side} has some of them under key {quoted(others[0])}"
    return replace(bare, remark=remark)
