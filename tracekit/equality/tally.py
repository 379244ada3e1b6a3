"""Two sorted digest files merged CID by CID, and what that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.equality.digest_file import CidDigests, DigestFile, LevelDigests
from tracekit.records import Level

_DRIFT_SAMPLE_CIDS = 20


@dataclass
class Tally:
    """What merging two digest files counts; lists hold the first CIDs only."""

    limit: int
    level: Level = Level.EXACT
    changed: int = 0
    missing: int = 0
    extra: int = 0
    drifted: int = 0
    """CIDs that are value-equal but not exactly equal."""
    reordered: int = 0
    """CIDs equal only because record order was left out."""
    different_cids: list[str] = field(default_factory=list)
    drifted_cids: list[str] = field(default_factory=list)
    missing_cids: list[str] = field(default_factory=list)
    extra_cids: list[str] = field(default_factory=list)

    @property
    def different(self) -> int:
        """CIDs that are not value-equal."""
        return self.changed + self.missing + self.extra

    def count(
        self, reference: CidDigests | None, candidate: CidDigests | None, unordered: bool
    ) -> None:
        """Take one CID into account."""
        if candidate is None:
            assert reference is not None, "one side has the CID"
            self._differ(reference.cid, self.missing_cids)
            self.missing += 1
        elif reference is None:
            self._differ(candidate.cid, self.extra_cids)
            self.extra += 1
        else:
            self._count_pair(reference, candidate, unordered)

    def _count_pair(self, reference: CidDigests, candidate: CidDigests, unordered: bool) -> None:
        level = _level(reference.ordered, candidate.ordered)
        if unordered and level is not Level.EXACT:
            without_order = _level(reference.unordered, candidate.unordered)
            self.reordered += without_order is not level
            level = without_order
        if level is Level.DIFFERENT:
            self.changed += 1
            self._differ(reference.cid, [])
        elif level is not Level.EXACT:
            self.drifted += 1
            if len(self.drifted_cids) < _DRIFT_SAMPLE_CIDS:
                self.drifted_cids.append(reference.cid)
        if level.strictness < self.level.strictness:
            self.level = level

    def _differ(self, cid: str, also: list[str]) -> None:
        self.level = Level.DIFFERENT
        if len(self.different_cids) < self.limit:
            self.different_cids.append(cid)
            also.append(cid)


def _level(reference: LevelDigests, candidate: LevelDigests) -> Level:
    if reference.value != candidate.value:
        return Level.DIFFERENT
    if reference.json != candidate.json:
        return Level.VALUE
    return Level.EXACT if reference.exact == candidate.exact else Level.JSON


def merged(
    reference: DigestFile, candidate: DigestFile
) -> Iterator[tuple[CidDigests | None, CidDigests | None]]:
    """The entries of both files by CID, None where a side has no such CID."""
    lefts, rights = iter(reference), iter(candidate)
    left, right = next(lefts, None), next(rights, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.cid < right.cid):
            yield left, None
            left = next(lefts, None)
        elif left is None or right.cid < left.cid:
            yield None, right
            right = next(rights, None)
        else:
            yield left, right
            left, right = next(lefts, None), next(rights, None)
