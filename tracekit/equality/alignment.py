"""Match the records of one side with those of the other, within one key."""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from tracekit.equality.canonical import canonical
from tracekit.equality.forms import Forms, same_value, written
from tracekit.equality.labels import label

_MAX_ALIGNED = 500
"""Above this number of records, changed records are paired by position."""


@dataclass(frozen=True)
class Row:
    """One record, with the forms of its cells."""

    index: int
    cells: dict[str, object]
    forms: dict[str, Forms]
    value: bytes
    """The value form of the record; equal for value-equal records."""
    content: bytes
    """The value form without the key columns."""


@dataclass
class KeyComparison:
    """How the records of one key match on the two sides."""

    key: str
    pairs: list[tuple[Row, Row]] = field(default_factory=list)
    moved: list[tuple[Row, Row]] = field(default_factory=list)
    """Value-equal records at different positions within the key, in order of the first side."""
    missing: list[Row] = field(default_factory=list)
    extra: list[Row] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether neither side has a record."""
        return not (self.pairs or self.moved or self.missing or self.extra)

    def leave_out_the_end(self) -> None:
        """Drop unpaired records after the last pair: their counterparts may come later."""
        if self.pairs:
            last, other_last = (
                max(row.index for row in side) for side in zip(*self.pairs, strict=True)
            )
            self.missing = [row for row in self.missing if row.index < last]
            self.extra = [row for row in self.extra if row.index < other_last]


def rows_of(
    records: Sequence[Mapping[Any, Any]], key_columns: frozenset[str], first: int
) -> list[Row]:
    """`records` as rows; the first one is record number `first` of its key."""
    rows = []
    for index, record in enumerate(records, first):
        cells = {label(name): cell for name, cell in record.items()}
        forms = {name: canonical(cell) for name, cell in cells.items()}
        form = [(name, forms[name].value) for name in sorted(forms)]
        content = [item for item in form if item[0] not in key_columns]
        rows.append(Row(index, cells, forms, written(form), written(content)))
    return rows


def compare_rows(
    key: str,
    reference: Sequence[Row],
    candidate: Sequence[Row],
    *,
    key_columns: frozenset[str],
    unordered: bool,
) -> KeyComparison:
    """Pair the records of one key: value-equal ones first, then the most similar."""
    result = KeyComparison(key)
    stretches = _matched(result, reference, candidate, unordered)
    left = [row for stretch in stretches for row in stretch[0]]
    right = [row for stretch in stretches for row in stretch[1]]
    moved_left, moved_right = _same_elsewhere(result, left, right)
    for lefts, rights in stretches:
        _pair_alike(
            result,
            [row for row in lefts if row.index not in moved_left],
            [row for row in rights if row.index not in moved_right],
            key_columns,
        )
    return result


def _matched(
    result: KeyComparison, reference: Sequence[Row], candidate: Sequence[Row], unordered: bool
) -> list[tuple[list[Row], list[Row]]]:
    """Add value-equal records to `result.pairs`; return the stretches between them."""
    if unordered:
        return [_matched_anywhere(result.pairs, reference, candidate)]
    start = 0
    while start < min(len(reference), len(candidate)) and (
        reference[start].value == candidate[start].value
    ):
        result.pairs.append((reference[start], candidate[start]))
        start += 1
    left, right = list(reference[start:]), list(candidate[start:])
    if max(len(left), len(right)) > _MAX_ALIGNED:
        return [_matched_in_order(result.pairs, left, right)]
    stretches = []
    matcher = SequenceMatcher(
        None, [row.value for row in left], [row.value for row in right], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            result.pairs.extend(zip(left[i1:i2], right[j1:j2], strict=True))
        else:
            stretches.append((left[i1:i2], right[j1:j2]))
    return stretches


def _matched_anywhere(
    pairs: list[tuple[Row, Row]], left: Sequence[Row], right: Sequence[Row]
) -> tuple[list[Row], list[Row]]:
    waiting: dict[bytes, list[Row]] = defaultdict(list)
    for row in reversed(right):
        waiting[row.value].append(row)
    unmatched = []
    for row in left:
        if waiting[row.value]:
            pairs.append((row, waiting[row.value].pop()))
        else:
            unmatched.append(row)
    rest = [row for rows in waiting.values() for row in rows]
    return unmatched, sorted(rest, key=lambda row: row.index)


def _matched_in_order(
    pairs: list[tuple[Row, Row]], left: Sequence[Row], right: Sequence[Row]
) -> tuple[list[Row], list[Row]]:
    """Pair as many value-equal records as have the same order on both sides; return the rest."""
    equal: list[tuple[Row, Row]] = []
    _matched_anywhere(equal, left, right)
    ends: list[int] = []
    """For each length, the earliest record on the right with which such a run can end."""
    runs: list[tuple[Any, ...]] = [()]
    """For each length, a run as its last pair and the run before that."""
    for pair in equal:
        length = bisect(ends, pair[1].index)
        ends[length : length + 1] = [pair[1].index]
        runs[length + 1 : length + 2] = [(pair, runs[length])]
    run, paired = runs[-1], []
    while run:
        pair, run = run
        paired.append(pair)
    pairs.extend(reversed(paired))
    taken, other_taken = ({pair[side].index for pair in paired} for side in (0, 1))
    return (
        [row for row in left if row.index not in taken],
        [row for row in right if row.index not in other_taken],
    )


def _same_elsewhere(
    result: KeyComparison, left: Sequence[Row], right: Sequence[Row]
) -> tuple[set[int], set[int]]:
    _matched_anywhere(result.moved, left, right)
    return {pair[0].index for pair in result.moved}, {pair[1].index for pair in result.moved}


def _pair_alike(
    result: KeyComparison, left: list[Row], right: list[Row], key_columns: frozenset[str]
) -> None:
    """Pair records that changed; unpaired ones are missing or extra."""
    if len(left) * len(right) > _MAX_ALIGNED**2:
        candidates = [(place, place) for place in range(min(len(left), len(right)))]
    else:
        candidates = _most_alike(left, right, key_columns)
    used_left: set[int] = set()
    used_right: set[int] = set()
    for i, j in candidates:
        if i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
            result.pairs.append((left[i], right[j]))
    result.missing.extend(row for i, row in enumerate(left) if i not in used_left)
    result.extra.extend(row for j, row in enumerate(right) if j not in used_right)


def _most_alike(
    left: list[Row], right: list[Row], key_columns: frozenset[str]
) -> list[tuple[int, int]]:
    """The places of records of which at least half is the same, the most alike first."""
    found = sorted(
        (-likeness, i, j)
        for i, one in enumerate(left)
        for j, other in enumerate(right)
        if (likeness := _likeness(one, other, key_columns)) >= 0.5
    )
    return [(i, j) for _, i, j in found]


def _likeness(left: Row, right: Row, key_columns: frozenset[str]) -> float:
    """Share of non-key columns with equal values; 1 if there are too few columns to judge."""
    names = [name for name in left.forms if name not in key_columns]
    if len(names) <= 2:
        return 1.0
    values = Counter(written(form.value) for form in right.forms.values())
    same = 0
    for name in names:
        value = left.forms[name].value
        if name in right.forms:
            same += same_value(left.forms[name], right.forms[name])
        elif values[written(value)]:
            same += 1
    return same / len(names)


def cell_pairs(comparison: KeyComparison) -> list[tuple[str, object, Forms, object, Forms]]:
    """Every cell of two paired records: the column, and the value and forms on each side."""
    return [
        (name, left.cells[name], left.forms[name], right.cells[name], right.forms[name])
        for left, right in (*comparison.pairs, *comparison.moved)
        for name in left.cells
        if name in right.cells
    ]
