"""Compare what the tables of two sides declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.equality.digest_file import Footer
from tracekit.equality.forms import cut
from tracekit.equality.labels import quoted
from tracekit.equality.schema import Schema
from tracekit.records import Level


@dataclass
class SchemaChange:
    """Differences that are not in the records."""

    level: Level = Level.EXACT
    """The strictest level that these differences allow."""
    equivalences: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def _lower(self, level: Level, equivalence: str | None, remark: str | None) -> None:
        self.level = min(self.level, level, key=lambda each: each.strictness)
        self.equivalences += [equivalence] if equivalence else []
        self.remarks += [remark] if remark else []


def compare_schemas(reference: Footer, candidate: Footer) -> SchemaChange:
    """The types of columns and of keys, and the labels of rows."""
    change = SchemaChange()
    before, after = reference.schema, candidate.schema
    empty = not reference.rows and not candidate.rows
    if empty and before.columns and after.columns and before.columns.keys() != after.columns.keys():
        change._lower(Level.DIFFERENT, None, None)
    for name, old, new in _changed_types(before, after):
        remark = f"column {quoted(name)} is {old} in the reference, {new} in the candidate"
        change._lower(Level.JSON, "column types", remark)
    if before.row_labels != after.row_labels:
        remark = "integer row labels differ; they would count if the index had a name"
        change._lower(Level.VALUE, "row labels", remark)
    kinds = (_text(set(side.key_kinds)) for side in (reference, candidate))
    if reference.key_kinds != candidate.key_kinds and reference.keys and candidate.keys:
        remark = "keys are {} in the reference, {} in the candidate".format(*kinds)
        change._lower(Level.EXACT, "key type", remark)
    return change


def _changed_types(reference: Schema, candidate: Schema) -> Iterator[tuple[str, str, str]]:
    for name, before in reference.columns.items():
        after = candidate.columns.get(name, set())
        libraries = {each.partition(" ")[0] for each in before}
        if before != after and libraries == {each.partition(" ")[0] for each in after}:
            old, new = ({each.partition(" ")[2] for each in side} for side in (before, after))
            yield name, _text(old), _text(new)


def _text(names: set[str]) -> str:
    return cut(" or ".join(sorted(names)), 60)
