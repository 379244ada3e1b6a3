"""The CIDs that were fetched again by both paths, compared cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tracekit.equality.alignment import CidComparison, Row, cell_pairs, compare_rows, rows_of
from tracekit.equality.cost import CostMeter
from tracekit.equality.differences import differences_of
from tracekit.equality.digest_file import Footer
from tracekit.equality.drift import NOT_READ_AGAIN, CellCounts, drift_table
from tracekit.equality.histogram import kind_of_key
from tracekit.equality.tally import Tally
from tracekit.errors import TracekitError
from tracekit.records import Difference, DifferenceKind, Drift, Level

Events = Mapping[str, Sequence[Mapping[Any, Any]]]
_EXAMPLES_PER_CID = 3
"""Differences of one CID that are shown before those of the next."""

_NESTED = ("list", "tuple", "dict", "set")
"""Families whose totals do not show what changed inside."""

Refetch = Callable[[Sequence[str]], tuple[Events, Events]]
"""Fetches some CIDs again by both paths: the reference's events and the candidate's."""


class Refetched:
    """What is known of the CIDs that were fetched again; nothing until `fetch`."""

    def __init__(
        self, tally: Tally, reference: Footer, candidate: Footer, *, key: str, unordered: bool
    ) -> None:
        self._tally = tally
        self._reference = reference
        self._candidate = candidate
        self._key = key
        self._unordered = unordered
        self._cells = CellCounts()
        self._comparisons: list[CidComparison] = []
        self.unsteady: list[str] = []
        """CIDs that were different by their digests and came back equal."""
        self.fetched = 0
        self.failure: TracekitError | None = None
        """Why the CIDs could not be fetched again."""
        self.keys_reordered = False
        """Whether a record's keys came in another order."""

    def needed(self) -> bool:
        """Whether the digests alone leave something untold."""
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
        """Fetch the first different CIDs, or where none differs the first that drifted."""
        tally = self._tally
        cids = tally.different_cids or tally.drifted_cids
        try:
            with meter.leaving_out_memory():
                reference, candidate = refetch(cids)
        except TracekitError as exc:
            self.failure = exc
            return
        self.fetched = len(cids)
        for cid in cids:
            left = rows_of(reference.get(cid, ()), self._key)
            right = rows_of(candidate.get(cid, ()), self._key)
            self._compare(cid, left, right)

    def _compare(self, cid: str, left: list[Row], right: list[Row]) -> None:
        for side, rows in ((self._cells.reference, left), (self._cells.candidate, right)):
            for row in rows:
                self._cells.count_cells(side, row.forms)
        comparison = compare_rows(cid, left, right, key=self._key, unordered=self._unordered)
        self._cells.compare(cell_pairs(comparison))
        self._comparisons.append(comparison)
        self.keys_reordered |= any(
            one.forms.keys() == other.forms.keys() and list(one.forms) != list(other.forms)
            for one, other in comparison.pairs
        )
        whole = (*self._tally.missing_cids, *self._tally.extra_cids)
        if self._tally.different and cid not in whole and not differences_of(comparison):
            self.unsteady.append(cid)

    def drift(self) -> tuple[list[Drift], list[str]]:
        """The drift of all columns, and the columns whose counts come from a sample."""
        complete = 0 < self.fetched == self._tally.different
        totals = self._reference.columns
        names = dict.fromkeys(name for order in self._reference.orders for name in order)
        in_order = {name: totals[name] for name in (*names, *totals)}
        return drift_table(in_order, self._candidate.columns, self._cells, complete=complete)

    def orders_differ(self) -> bool:
        """Whether the two sides' records have their keys in different orders."""
        return sorted(self._reference.orders) != sorted(self._candidate.orders)

    def examples(self, limit: int) -> list[Difference]:
        """The first differences; without a refetch just the CIDs."""
        if not self.fetched:
            return [self._bare(cid) for cid in self._tally.different_cids[:limit]]
        gone = {row.content: each.cid for each in self._comparisons for row in each.missing}
        new = {row.content: each.cid for each in self._comparisons for row in each.extra}
        found: list[Difference] = []
        rest: list[Difference] = []
        for comparison in self._comparisons:
            if len(found) >= limit:
                break
            differences = self._differences(comparison, gone, new)
            found += differences[:_EXAMPLES_PER_CID]
            rest += differences[_EXAMPLES_PER_CID:]
        return _told_once(found + rest)[:limit]

    def _differences(
        self, comparison: CidComparison, gone: Mapping[bytes, str], new: Mapping[bytes, str]
    ) -> list[Difference]:
        cid, tally = comparison.cid, self._tally
        if cid in tally.missing_cids:
            return [_whole_cid(self._bare(cid), comparison.missing, new, "candidate")]
        if cid in tally.extra_cids:
            return [_whole_cid(self._bare(cid), comparison.extra, gone, "reference")]
        found = differences_of(comparison, key_order=not tally.different)
        by_index = {
            DifferenceKind.MISSING_RECORD: {row.index: row for row in comparison.missing},
            DifferenceKind.EXTRA_RECORD: {row.index: row for row in comparison.extra},
        }
        told = []
        for difference in found:
            row = by_index.get(difference.kind, {}).get(difference.record_index or 0)
            missing = difference.kind is DifferenceKind.MISSING_RECORD
            other = (new if missing else gone).get(row.content) if row else None
            if other is not None and other != cid:
                side = "candidate" if missing else "reference"
                where = f"the {side} has it under CID {other!r}"
                difference = replace(difference, remark=where)
            told.append(difference)
        return told

    def _bare(self, cid: str) -> Difference:
        if cid in self._tally.missing_cids:
            return Difference(
                DifferenceKind.MISSING_CID, cid, remark="the candidate lacks this CID"
            )
        if cid in self._tally.extra_cids:
            return Difference(
                DifferenceKind.EXTRA_CID, cid, remark="only the candidate has this CID"
            )
        return Difference(DifferenceKind.VALUE, cid, remark="records differ; not fetched again")


def _told_once(differences: list[Difference]) -> list[Difference]:
    """Each difference of columns once: the first of the records that share it."""
    counts = Counter(each.remark for each in differences if each.kind is DifferenceKind.COLUMNS)
    told = []
    for difference in differences:
        if difference.kind is DifferenceKind.COLUMNS:
            count = counts.pop(difference.remark, 0)
            if not count:
                continue
            if count > 1:
                remark = f"{difference.remark} (in {count:,} or more records)"
                difference = replace(difference, remark=remark)
        told.append(difference)
    return told


def _whole_cid(
    bare: Difference, rows: Sequence[Row], elsewhere: Mapping[bytes, str], side: str
) -> Difference:
    remark = f"{bare.remark} and its {len(rows)} records" if rows else f"{bare.remark}; no records"
    others = sorted({elsewhere[row.content] for row in rows if row.content in elsewhere})
    if others:
        remark += f"; the {side} has some of them under CID {others[0]!r}"
    return replace(bare, remark=remark)
