"""A finished proof, with ways to display it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

from tracekit.errors import NotEqual
from tracekit.records import (
    CandidateProof,
    Difference,
    DifferenceKind,
    Drift,
    Level,
    from_json,
    to_json,
)
from tracekit.sizes import format_size

_SHOWN_IN_ERRORS = 3


@dataclass(frozen=True)
class EqualityProof:
    """What `prove` returns: the proof's record, and ways to display it."""

    record: CandidateProof

    @property
    def level(self) -> Level | None:
        """The strictest level that holds."""
        return self.record.level

    @property
    def equal(self) -> bool | None:
        """Whether the required level is reached."""
        return self.record.equal

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Differences in representation, one for each column and pair of types."""
        return self.record.drift

    @property
    def examples(self) -> tuple[Difference, ...]:
        """The first differences."""
        return self.record.examples

    def raise_for_level(self, level: Level | str | None = None) -> Self:
        """Return this proof if it reaches `level` (by default the required one).

        Raises:
            NotEqual: it does not; the message has the first differences.
        """
        required = self.record.required_level if level is None else Level(level)
        if self.level is None or not self.level.reaches(required):
            raise NotEqual(f"equal at level {self.level}, not {required}\n{self._reasons()}")
        return self

    def _reasons(self) -> str:
        lines = [*map(difference_line, self.examples), *map(drift_line, self.drift)]
        lines += self.record.remarks
        return "\n".join(f"  {line}" for line in lines[:_SHOWN_IN_ERRORS])

    def to_json(self) -> str:
        """The record as JSON."""
        return to_json(self.record)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a proof that `to_json` wrote.

        Raises:
            ConfigError: `text` is not a proof.
        """
        return cls(from_json(CandidateProof, text, source="proof"))

    def __str__(self) -> str:
        lines = [headline(self.record)]
        lines += [f"  drift: {drift_line(drift)}" for drift in self.drift]
        lines += [f"  {difference_line(difference)}" for difference in self.examples]
        lines += [f"  note: {remark}" for remark in self.record.remarks]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        record = self.record
        parts = [f"<p><strong>{escape(headline(record))}</strong></p>"]
        if record.drift:
            titles = ("column", "before", "after", "cells", "lossy", "example", "counted in")
            parts.append(_table(titles, map(_drift_cells, record.drift)))
        if record.examples:
            titles = ("what", "key", "record", "column", "reference", "candidate", "remark")
            parts.append(_table(titles, map(_difference_cells, record.examples)))
        parts += [f"<p>{escape(remark)}</p>" for remark in record.remarks]
        return "\n".join(parts)


def headline(proof: CandidateProof) -> str:
    """One line: the level, the equivalences and the cost."""
    if proof.level is Level.DIFFERENT:
        said, count = "different", proof.different_keys
        if count and not any(map(_of_whole, proof.examples)):
            said += f": {count:,} {'key differs' if count == 1 else 'keys differ'}"
        if proof.missing_keys or proof.extra_keys:
            said += f" ({proof.missing_keys:,} missing, {proof.extra_keys:,} extra)"
    elif proof.level is None:
        return "not compared"
    else:
        said = f"equal at level {proof.level}"
        if proof.equivalences:
            said += f" by {', '.join(proof.equivalences)}"
        if not proof.equal:
            said += f"; level {proof.required_level} is required"
    if proof.prove_seconds is not None and proof.prove_net_peak_bytes is not None:
        peak = format_size(proof.prove_net_peak_bytes)
        said += f"; proved in {proof.prove_seconds:.1f} s with a net peak of {peak}"
    return said


def drift_line(drift: Drift) -> str:
    """`drift` as text."""
    lossy = ", LOSSY" if drift.lossy else ""
    return (
        f"{drift.column}: {drift.from_type} -> {drift.to_type} in {drift.count:,} cells{lossy} "
        f"({drift.example_from} -> {drift.example_to}; {drift.source})"
    )


def difference_line(difference: Difference) -> str:
    """`difference` as text."""
    where = [] if _of_whole(difference) else [f"key {_key(difference)}"]
    if difference.record_index is not None:
        where.append(f"record {difference.record_index}")
    if difference.column is not None:
        where.append(difference.column)
    line = kind_text(difference.kind)
    if where:
        line += f" at {' '.join(where)}"
    sides = [
        f"{name} {value}" + (f" ({kind})" if kind else "")
        for name, value, kind in (
            ("reference", difference.reference, difference.reference_type),
            ("candidate", difference.candidate, difference.candidate_type),
        )
        if value is not None
    ]
    if sides:
        line += f": {', '.join(sides)}"
    return f"{line} [{difference.remark}]" if difference.remark else line


def kind_text(kind: DifferenceKind) -> str:
    """A kind of difference as text."""
    return kind.replace("_cid", " key").replace("_", " ")


def _of_whole(difference: Difference) -> bool:
    return difference.key_type == "whole"


def _key(difference: Difference) -> str:
    return difference.key if difference.key_type else repr(difference.key)


def _drift_cells(drift: Drift) -> Sequence[str]:
    return (
        drift.column,
        drift.from_type,
        drift.to_type,
        f"{drift.count:,}",
        "LOSSY" if drift.lossy else "no",
        f"{drift.example_from} → {drift.example_to}",
        "every cell" if drift.source == "histogram" else "keys fetched again",
    )


def _difference_cells(difference: Difference) -> Sequence[str]:
    index = difference.record_index
    return (
        kind_text(difference.kind),
        difference.key,
        "" if index is None else str(index),
        difference.column or "",
        _typed(difference.reference, difference.reference_type),
        _typed(difference.candidate, difference.candidate_type),
        difference.remark or "",
    )


def _typed(value: str | None, kind: str | None) -> str:
    if value is None:
        return ""
    return f"{value} ({kind})" if kind else value


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
