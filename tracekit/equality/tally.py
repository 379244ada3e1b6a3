"""Two sorted digest files merged and counted key by key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.equality.digest_file import DigestFile, KeyDigests, LevelDigests
from tracekit.equality.pieces import NO_RECORDS
from tracekit.records import Level

_DRIFT_SAMPLE_KEYS = 20


@dataclass
class Tally:
    """The counts from merging two digest files; its lists hold only the first keys."""

    limit: int
    level: Level = Level.EXACT
    changed: int = 0
    missing: int = 0
    extra: int = 0
    reordered: int = 0
    """Keys that are equal only because record order was ignored."""
    without_columns: int = 0
    """Keys without records for which only one side declares columns."""
    different_keys: list[str] = field(default_factory=list)
    drifted_keys: list[str] = field(default_factory=list)
    """Keys that are value-equal but not exactly equal."""
    missing_keys: list[str] = field(default_factory=list)
    extra_keys: list[str] = field(default_factory=list)

    @property
    def different(self) -> int:
        """Keys that are not value-equal."""
        return self.changed + self.missing + self.extra

    def count(
        self, reference: KeyDigests | None, candidate: KeyDigests | None, unordered: bool
    ) -> None:
        """Count one key."""
        if candidate is None:
            assert reference is not None, "one side has the key"
            self._differ(reference.key, self.missing_keys)
            self.missing += 1
        elif reference is None:
            self._differ(candidate.key, self.extra_keys)
            self.extra += 1
        else:
            self._count_pair(reference, candidate, unordered)

    def _count_pair(self, reference: KeyDigests, candidate: KeyDigests, unordered: bool) -> None:
        level = _level(reference.ordered, candidate.ordered)
        if unordered and level is not Level.EXACT:
            without_order = _level(reference.unordered, candidate.unordered)
            self.reordered += without_order is not level
            level = without_order
        if level is Level.DIFFERENT and _without_columns(reference, candidate):
            self.without_columns += 1
            level = Level.VALUE
        if level is Level.DIFFERENT:
            self.changed += 1
            self._differ(reference.key, [])
        elif level is not Level.EXACT and len(self.drifted_keys) < _DRIFT_SAMPLE_KEYS:
            self.drifted_keys.append(reference.key)
        self.level = min(self.level, level, key=lambda each: each.strictness)

    def _differ(self, key: str, also: list[str]) -> None:
        self.level = Level.DIFFERENT
        if len(self.different_keys) < self.limit:
            self.different_keys.append(key)
            also.append(key)


def _without_columns(reference: KeyDigests, candidate: KeyDigests) -> bool:
    sides = (reference.ordered.value, candidate.ordered.value)
    return reference.rows == candidate.rows == 0 and NO_RECORDS in sides


def _level(reference: LevelDigests, candidate: LevelDigests) -> Level:
    if reference.value != candidate.value:
        return Level.DIFFERENT
    if reference.json != candidate.json:
        return Level.VALUE
    return Level.EXACT if reference.exact == candidate.exact else Level.JSON


def merged(
    reference: DigestFile, candidate: DigestFile
) -> Iterator[tuple[KeyDigests | None, KeyDigests | None]]:
    """The entries of both files by key, None if a side has no such key."""
    lefts, rights = iter(reference), iter(candidate)
    left, right = next(lefts, None), next(rights, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.key < right.key):
            yield left, None
            left = next(lefts, None)
        elif left is None or right.key < left.key:
            yield None, right
            right = next(rights, None)
        else:
            yield left, right
            left, right = next(lefts, None), next(rights, None)
