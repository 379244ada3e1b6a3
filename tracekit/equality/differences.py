"""The differences between the records of one key on two sides, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tracekit.equality.alignment import KeyComparison, Row
from tracekit.equality.forms import cut, same_value, text_of
from tracekit.equality.labels import shown
from tracekit.equality.remarks import remark_on
from tracekit.records import Difference, DifferenceKind


def differences_of(comparison: KeyComparison, *, column_order: bool = False) -> list[Difference]:
    """The differences of one key in order of its records.

    Args:
        comparison: The key's records, paired.
        column_order: Whether another order of columns counts as a difference.
    """
    key = comparison.key
    found: list[Difference] = []
    for left, right in sorted(comparison.pairs, key=lambda pair: pair[0].index):
        found += _column_differences(key, left, right, column_order)
        found += _value_differences(key, left, right)
    found += _order_differences(comparison)
    seen = Counter(row.value for row, _ in (*comparison.pairs, *comparison.moved))
    for row in comparison.missing:
        copies = " (a duplicate of one that is still there)" if seen[row.value] else ""
        found.append(_record(DifferenceKind.MISSING_RECORD, key, row, f"record is gone{copies}"))
    for row in comparison.extra:
        copies = " (a duplicate of another)" if seen[row.value] else ""
        found.append(_record(DifferenceKind.EXTRA_RECORD, key, row, f"record was added{copies}"))
    return found


def _order_differences(comparison: KeyComparison) -> list[Difference]:
    if not comparison.moved:
        return []
    left, right = comparison.moved[0]
    count = len(comparison.moved) + 1
    remark = (
        f"the same record is at position {right.index} of the candidate; "
        f"about {count} records of this key come in another order"
    )
    return [
        Difference(
            DifferenceKind.RECORD_ORDER,
            comparison.key,
            record_index=left.index,
            reference=_record_text(left),
            candidate=_record_text(right),
            remark=remark,
        )
    ]


def _record(kind: DifferenceKind, key: str, row: Row, remark: str) -> Difference:
    text = _record_text(row)
    missing = kind is DifferenceKind.MISSING_RECORD
    return Difference(
        kind,
        key,
        record_index=row.index,
        reference=text if missing else None,
        candidate=None if missing else text,
        remark=remark,
    )


def _record_text(row: Row) -> str:
    cells = (f"{shown(name)}={text_of(cell, 24)}" for name, cell in row.cells.items())
    return cut(", ".join(cells), 160)


def _column_differences(key: str, left: Row, right: Row, column_order: bool) -> list[Difference]:
    gone = [name for name in left.cells if name not in right.cells]
    new = [name for name in right.cells if name not in left.cells]
    if not gone and not new:
        if column_order and list(left.cells) != list(right.cells):
            return [
                _columns(key, left, list(left.cells), list(right.cells), "columns in another order")
            ]
        return []
    found = []
    for name in gone:
        other = _renamed(name, left, right, new)
        if other is None:
            found.append(_columns(key, left, [name], [], f"column {shown(name)} is missing"))
        else:
            new.remove(other)
            how = "in another letter case" if name.casefold() == other.casefold() else "renamed"
            found.append(
                _columns(
                    key, left, [name], [other], f"column {shown(name)} is {shown(other)}: {how}"
                )
            )
    found += [_columns(key, left, [], [name], f"column {shown(name)} was added") for name in new]
    return found


def _renamed(name: str, left: Row, right: Row, new: Sequence[str]) -> str | None:
    for other in new:
        if other.casefold() == name.casefold():
            return other
    alike = [other for other in new if same_value(left.forms[name], right.forms[other])]
    return alike[0] if len(alike) == 1 else None


def _columns(
    key: str, row: Row, reference: Sequence[str], candidate: Sequence[str], remark: str
) -> Difference:
    return Difference(
        DifferenceKind.COLUMNS,
        key,
        record_index=row.index,
        column=reference[0] if len(reference) == 1 else None,
        reference=", ".join(map(shown, reference)) or None,
        candidate=", ".join(map(shown, candidate)) or None,
        remark=remark,
    )


def _value_differences(key: str, left: Row, right: Row) -> list[Difference]:
    found = []
    for name, value in left.cells.items():
        if name not in right.cells or same_value(left.forms[name], right.forms[name]):
            continue
        other = right.cells[name]
        found.append(
            Difference(
                DifferenceKind.VALUE,
                key,
                record_index=left.index,
                column=name,
                reference=text_of(value),
                reference_type=left.forms[name].kind.name,
                candidate=text_of(other),
                candidate_type=right.forms[name].kind.name,
                remark=remark_on(value, other).text,
            )
        )
    return found
