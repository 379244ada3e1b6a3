"""Drift: how many cells of each column changed their kind, and whether information was lost.

If the totals of the two sides determine the drift, every cell counts: if one side has a single kind
within a family of kinds that can hold equal values, all kinds of the other side became it, or it
became them. Otherwise the cells of keys that were fetched again are counted one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tracekit.equality.canonical import canonical
from tracekit.equality.digest_file import KindTotal
from tracekit.equality.forms import Forms, Kind, same_value, text_of
from tracekit.equality.histogram import kind_key, kind_of_key
from tracekit.equality.inside import first_inside, form_differs
from tracekit.equality.remarks import remark_on
from tracekit.records import Drift

Totals = Mapping[str, Mapping[str, KindTotal]]
Cell = tuple[str, object, Forms, object, Forms]
"""The column, then the value and forms on the reference's and on the candidate's side."""

NOT_READ_AGAIN = "(not read again)"
"""Shown instead of an example that is known on one side only."""

_FAMILY_EQUIVALENCE = {
    "null": "NaN/NaT/NA = None",
    "integer": "integral float = int",
    "datetime": "Timestamp = datetime",
    "duration": "Timedelta = timedelta",
    "decimal": "Decimal scale",
}


_CONTAINERS = {
    "list": "array, column or frame = list",
    "tuple": "subclass = base type",
    "dict": "subclass = base type",
    "set": "frozenset = set",
}


@dataclass
class Seen:
    """Cells that changed kind in the same way, compared one by one."""

    count: int = 0
    example: tuple[str, str] = ("", "")


@dataclass
class CellCounts:
    """The cells of the keys that were fetched again."""

    reference: dict[str, Counter[str]] = field(default_factory=dict)
    candidate: dict[str, Counter[str]] = field(default_factory=dict)
    changed: dict[tuple[str, Kind, Kind, bool], Seen] = field(default_factory=dict)
    """Totals by column, kind before, kind after, and whether the value also changed."""

    def count_cells(self, side: dict[str, Counter[str]], forms: Mapping[str, Forms]) -> None:
        """Add a record's kinds to one side."""
        for name, form in forms.items():
            side.setdefault(name, Counter())[kind_key(form.kind)] += 1

    def compare(self, cells: Iterable[Cell]) -> None:
        """Count the pairs of cells whose kind changed."""
        for name, before, before_forms, after, after_forms in cells:
            equal = same_value(before_forms, after_forms)
            if before_forms.kind.name == after_forms.kind.name:
                if equal and before_forms[2:] != after_forms[2:]:
                    self._changed_inside(name, before, after, before_forms.kind)
                continue
            if not equal and not remark_on(before, after).lossy:
                continue
            self._count((name, before_forms.kind, after_forms.kind, not equal), before, after)

    def _count(self, key: tuple[str, Kind, Kind, bool], before: object, after: object) -> None:
        seen = self.changed.setdefault(key, Seen())
        seen.count += 1
        if seen.count == 1:
            seen.example = (text_of(before, 80), text_of(after, 80))

    def _changed_inside(self, name: str, before: object, after: object, outer: Kind) -> None:
        """Count a nested value by its first changed part."""
        found = first_inside(before, after, form_differs)
        if found is None:
            self._count((name, outer, outer, False), before, after)
            return
        kinds = (canonical(each).kind for each in (found.reference, found.candidate))
        one, other = (kind._replace(name=f"{kind.name} in {outer.name}") for kind in kinds)
        self._count((name, one, other, False), found.reference, found.candidate)


def equivalence(before: Kind, after: Kind) -> str | None:
    """The names of the equivalences between two kinds; None if there are none."""
    if before.family != after.family:
        return None
    if before == after:
        return "column types or row labels"
    before, after = (each._replace(name=each.name.partition(" in ")[0]) for each in (before, after))
    names = []
    for kind in (before, after):
        if kind.family in _CONTAINERS and kind.name != kind.family:
            names.append(_CONTAINERS[kind.family])
        elif kind.name.startswith("numpy."):
            names.append("numpy scalar = Python scalar")
        elif kind.name == "LOB":
            names.append("LOB = its content")
        elif kind.name in ("bytearray", "memoryview"):
            names.append("buffer = bytes")
        elif "." in kind.name.partition("[")[0]:
            names.append("subclass = base type")
    bases = {_base(kind) for kind in (before, after)}
    zones = {kind.name.partition("[")[2] for kind in (before, after)}
    if before.family == "datetime" and len(zones) > 1:
        names.append("time zone = its UTC offset")
    if before.family in _FAMILY_EQUIVALENCE and len(bases) > 1:
        names.append(_FAMILY_EQUIVALENCE[before.family])
    return ", ".join(dict.fromkeys(names)) or None


def _base(kind: Kind) -> object:
    """The equivalences between kinds that their family does not cover."""
    name = kind.name.partition("[")[0]
    if kind.family == "integer":
        return "float" in name
    if kind.family == "decimal":
        return kind.name if name.startswith("Decimal") else "Decimal"
    if kind.family in ("datetime", "duration"):
        return name if name in ("Timestamp", "Timedelta") else kind.family
    return kind.name


def drift_table(
    reference: Totals, candidate: Totals, cells: CellCounts, *, complete: bool
) -> tuple[list[Drift], list[str]]:
    """The drift of all columns, and the columns whose counts come from a sample.

    Args:
        reference: Totals of the reference.
        candidate: Totals of the candidate.
        cells: The cells that were compared one by one.
        complete: Whether `cells` has every key whose values differ.
    """
    found: list[Drift] = []
    sampled: list[str] = []
    for column in reference:
        if column not in candidate:
            continue
        flows, unsettled = _column_flows(column, reference, candidate, cells, complete)
        for before, after in flows:
            count = flows[before, after] + _pair_count(cells, column, before, after, complete)
            if count:
                found.append(
                    _from_totals(column, before, after, count, reference, candidate, cells)
                )
        settled = {(column, before, after, False) for before, after in flows}
        for key, seen in cells.changed.items():
            if key[0] == column and (key not in settled or key[3]):
                found.append(_from_cells(key, seen))
        if unsettled:
            sampled.append(column)
    return found, sampled


def _pair_count(cells: CellCounts, column: str, before: Kind, after: Kind, complete: bool) -> int:
    if not complete:
        return 0
    seen = cells.changed.get((column, before, after, False))
    return seen.count if seen else 0


def _column_flows(
    column: str, reference: Totals, candidate: Totals, cells: CellCounts, complete: bool
) -> tuple[dict[tuple[Kind, Kind], int], bool]:
    """Cells that changed kind, and whether the column's totals leave some of them undetermined."""
    flows: dict[tuple[Kind, Kind], int] = {}
    unsettled = False
    left = _rest(reference[column], cells.reference.get(column), complete)
    right = _rest(candidate[column], cells.candidate.get(column), complete)
    for family in dict.fromkeys(kind.family for kind in left):
        before = {kind: count for kind, count in left.items() if kind.family == family}
        after = {kind: count for kind, count in right.items() if kind.family == family}
        if before == after and len(before) == 1:
            continue
        if sum(before.values()) != sum(after.values()) or min(len(before), len(after)) > 1:
            unsettled = True
            continue
        for one, count in before.items():
            for other, other_count in after.items():
                if one != other:
                    flows[one, other] = min(count, other_count)
    return flows, unsettled


def _rest(
    totals: Mapping[str, KindTotal], taken: Counter[str] | None, complete: bool
) -> dict[Kind, int]:
    """Totals without the keys that were compared cell by cell, if no others differ."""
    rest = {}
    for key, total in totals.items():
        count = total.count - (taken[key] if taken and complete else 0)
        if count:
            rest[kind_of_key(key)] = count
    return rest


def _from_totals(
    column: str,
    before: Kind,
    after: Kind,
    count: int,
    reference: Totals,
    candidate: Totals,
    cells: CellCounts,
) -> Drift:
    seen = cells.changed.get((column, before, after, False))
    first = reference[column][kind_key(before)]
    last = candidate[column][kind_key(after)]
    example = seen.example if seen else (first.example, last.example)
    if not seen and first.key != last.key:
        example = (first.example, NOT_READ_AGAIN)
    return Drift(
        column=column,
        from_type=before.name,
        to_type=after.name,
        count=count,
        lossy=False,
        example_from=example[0],
        example_to=example[1],
        equivalence=equivalence(before, after),
    )


def _from_cells(key: tuple[str, Kind, Kind, bool], seen: Seen) -> Drift:
    column, before, after, lossy = key
    return Drift(
        column=column,
        from_type=before.name,
        to_type=after.name,
        count=seen.count,
        lossy=lossy,
        example_from=seen.example[0],
        example_to=seen.example[1],
        equivalence=None if lossy else equivalence(before, after),
        source="refetch",
    )
