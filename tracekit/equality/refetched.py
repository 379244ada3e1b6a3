"""The CIDs that were fetched again by both paths, compared cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tracekit.equality.alignment import CidComparison, Row, cell_pairs, compare_rows, rows_of
from tracekit.equality.differences import differences_of
from tracekit.equality.digest_file import Footer
from tracekit.equality.drift import CellCounts, drift_table
from tracekit.equality.tally import Tally
from tracekit.records import Difference, DifferenceKind, Drift

Events = Mapping[str, Sequence[Mapping[Any, Any]]]
Refetch = Callable[[Sequence[str]], tuple[Events, Events]]
"""Fetches some CIDs again by both paths: the reference's events and the candidate's."""


class Refetched:
    """What is known of the CIDs that were fetched again; nothing until `fetch`."""

    def __init__(self, tally: Tally, *, key: str, unordered: bool) -> None:
        self._tally = tally
        self._key = key
        self._unordered = unordered
        self._cells = CellCounts()
        self._comparisons: list[CidComparison] = []
        self.unsteady: list[str] = []
        """CIDs that were different by their digests and came back equal."""
        self.fetched = 0
        self.keys_reordered = False
        """Whether a record's keys came in another order."""

    def fetch(self, refetch: Refetch) -> None:
        """Fetch the first different CIDs, or where none differs the first that drifted."""
        tally = self._tally
        cids = tally.different_cids or tally.drifted_cids
        reference, candidate = refetch(cids)
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

    def drift(self, reference: Footer, candidate: Footer) -> tuple[list[Drift], list[str]]:
        """The drift of all columns, and the columns whose counts come from a sample."""
        complete = 0 < self.fetched == self._tally.different
        return drift_table(reference.columns, candidate.columns, self._cells, complete=complete)

    def examples(self, limit: int) -> list[Difference]:
        """The first differences; without a refetch just the CIDs."""
        if not self.fetched:
            return [self._bare(cid) for cid in self._tally.different_cids[:limit]]
        gone = {row.content: each.cid for each in self._comparisons for row in each.missing}
        new = {row.content: each.cid for each in self._comparisons for row in each.extra}
        found: list[Difference] = []
        for comparison in self._comparisons:
            if len(found) >= limit:
                break
            found += self._differences(comparison, gone, new)
        return found[:limit]

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


def _whole_cid(
    bare: Difference, rows: Sequence[Row], elsewhere: Mapping[bytes, str], side: str
) -> Difference:
    remark = f"{bare.remark} and its {len(rows)} records" if rows else f"{bare.remark}; no records"
    others = sorted({elsewhere[row.content] for row in rows if row.content in elsewhere})
    if others:
        remark += f"; the {side} has some of them under CID {others[0]!r}"
    return replace(bare, remark=remark)
