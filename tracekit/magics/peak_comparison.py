"""Two measured cells compared: their memory, and the equality of their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from tracekit.errors import ConfigError
from tracekit.experiment.prove import prove
from tracekit.experiment.prove_view import EqualityProof
from tracekit.magics.cell_meter import NamedCell
from tracekit.magics.peak_report import PeakReport, cell_calls
from tracekit.profiling import diff_stacks
from tracekit.records import StackDelta
from tracekit.sizes import format_size

_TOP_STACKS = 5
_SMALLEST_SHARE = 0.01
"""Share of the higher peak; smaller changes are not shown."""


@dataclass(frozen=True)
class PeakComparison:
    """The changes from one cell to another."""

    base: PeakReport
    head: PeakReport
    proof: EqualityProof | None
    """The proof of the cells' last values; None if they cannot be compared."""
    not_compared: str | None
    """Why there is no proof."""
    stacks: tuple[StackDelta, ...]
    """The call stacks that changed most."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why the heap peak and the OS peak of each cell differ."""
        return tuple(
            f"{report.name}: {remark}"
            for report in (self.base, self.head)
            for remark in report.remarks
        )

    @property
    def rows(self) -> tuple[tuple[str, str, str, str], ...]:
        """Rows of the table: title, base, head and their ratio."""
        base, head = self.base, self.head
        heap = _size_row("heap peak", base.heap_peak_bytes, head.heap_peak_bytes)
        if not (base.sees_all and head.sees_all):  # the ratio of an incomplete figure would mislead
            heap = (*heap[:3], "–")
        return (
            heap,
            _size_row("OS net peak", base.rss_net_peak_bytes, head.rss_net_peak_bytes),
            (
                "wall, traced",
                f"{base.elapsed_seconds:.2f} s",
                f"{head.elapsed_seconds:.2f} s",
                _ratio(base.elapsed_seconds, head.elapsed_seconds),
            ),
        )

    def __str__(self) -> str:
        header = ("", self.base.name, self.head.name, "ratio")
        table = [header, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        lines = ["  ".join(map(str.rjust, row, widths)).rstrip() for row in table]
        lines.append(f"values: {self.proof}" if self.proof else f"values: {self.not_compared}")
        lines += [f"{_change(delta):>12}  {_innermost(delta)}" for delta in self.stacks]
        lines += [f"note: {remark}" for remark in self.remarks]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        titles = ("", self.base.name, self.head.name, "ratio")
        proof = (
            self.proof._repr_html_()
            if self.proof
            else f"<p>Values: {escape(self.not_compared or '')}</p>"
        )
        changed = [(_change(delta), _innermost(delta)) for delta in self.stacks]
        notes = "".join(f"<div>{escape(remark)}</div>" for remark in self.remarks)
        return (
            f'<div class="tracekit-peak">{_table(titles, self.rows)}{proof}'
            "<details><summary>Call stacks that changed most</summary>"
            f"{_table(('by', 'allocated at'), changed)}</details>{notes}</div>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def compare_cells(
    base: NamedCell, head: NamedCell, *, key: str | None, unordered: bool
) -> PeakComparison:
    """`head` against `base`: memory, and the equality of their last values."""
    proof, not_compared = _proof(base.value, head.value, key=key, unordered=unordered)
    diff = diff_stacks(
        base.report.read_stacks(),
        head.report.read_stacks(),
        base_name=base.report.name,
        head_name=head.report.name,
        most_deltas=_TOP_STACKS,
    )
    smallest_bytes = _SMALLEST_SHARE * max(diff.base_bytes, diff.head_bytes)
    changed = tuple(delta for delta in diff.deltas if abs(delta.delta_bytes) >= smallest_bytes)
    return PeakComparison(base.report, head.report, proof, not_compared, changed)


def _proof(
    base: Any, head: Any, *, key: str | None, unordered: bool
) -> tuple[EqualityProof | None, str | None]:
    for value in (base, head):
        if value is None:
            return None, (
                "a cell has no value. End both with the records or the frame (a semicolon hides "
                "them), or name the value: %%peak NAME --result records"
            )
        if isinstance(value, Iterator):
            return None, f"a {type(value).__name__} can be read only once. Keep its records"
    try:
        return prove(base, head, key, unordered=unordered), None
    except (ConfigError, TypeError) as exc:
        return None, f"not compared: {exc}"


def _size_row(title: str, base_bytes: int, head_bytes: int) -> tuple[str, str, str, str]:
    return title, format_size(base_bytes), format_size(head_bytes), _ratio(base_bytes, head_bytes)


def _ratio(base: float, head: float) -> str:
    return f"{head / base:.3g}" if base else "–"


def _change(delta: StackDelta) -> str:
    sign = "+" if delta.delta_bytes > 0 else "-"
    return f"{sign}{format_size(abs(delta.delta_bytes))}"


def _innermost(delta: StackDelta) -> str:
    return " ← ".join(cell_calls(delta.stack)[:2])


def _table(titles: tuple[str, ...], rows: Any) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
