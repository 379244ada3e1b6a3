"""What keeps memory alive, as a tree that can be unfolded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.records import Holder, Retention
from tracekit.records.retention import UNEXPLAINED
from tracekit.reports import figures
from tracekit.reports.page_template import page_template
from tracekit.reports.redaction import Redactor

_SMALLEST_SHARE = 0.005
_KEY_NAME = re.compile(r"\['.*")
"""Matches the record's name for a value of a dict, which is its key."""


@dataclass(frozen=True)
class HolderStep:
    """One step of drawing the tree: open a holder, show a leaf, or close the open one."""

    step: str
    """`open`, `leaf` or `close`."""
    size: str = ""
    percent: float = 0.0
    """Share of the total."""
    title: str = ""
    also_held_by: tuple[str, ...] = ()
    contents: str = ""


@dataclass(frozen=True)
class DrawnRetention:
    """One retention, as the template needs it."""

    name: str
    """The candidate's name; empty in a notebook."""
    headline: str
    steps: tuple[HolderStep, ...]
    unexplained: str
    """The memory that no holder explains; empty if there is none."""


def drawn_retention(name: str, found: Retention, redact: Redactor) -> DrawnRetention:
    """`found` prepared for drawing, without what must not leave the machine."""
    rest = found.total_bytes - found.explained_bytes
    return DrawnRetention(
        name,
        f"{next(found.lines())}, at {found.taken_at}",
        tuple(_steps(found.holders, max(1, found.total_bytes), redact)),
        f"{figures.size(rest)} {UNEXPLAINED}" if rest > 0 else "",
    )


def retention_html(found: Retention) -> str:
    """`found` as a piece of a page, for a notebook."""
    drawn = drawn_retention("", found, Redactor(confidential=False))
    return page_template("retention.html.j2").render(drawn=drawn)


def _steps(holders: tuple[Holder, ...], total_bytes: int, redact: Redactor) -> Iterator[HolderStep]:
    for holder in holders:
        if holder.retained_bytes < _SMALLEST_SHARE * total_bytes:
            continue
        inside = tuple(_steps(holder.children, total_bytes, redact))
        yield HolderStep(
            "open" if inside else "leaf",
            figures.size(holder.retained_bytes),
            100 * holder.retained_bytes / total_bytes,
            _redacted(f"{holder.name} in {holder.where}" if holder.where else holder.name, redact),
            tuple(_redacted(other, redact) for other in holder.also_held_by),
            holder.kind if holder.count == 1 else f"{holder.count:,} x {holder.kind}",
        )
        if inside:
            yield from inside
            yield HolderStep("close")


def _redacted(title: str, redact: Redactor) -> str:
    if redact.confidential and _KEY_NAME.fullmatch(title):
        return "[key]"
    return redact.prose(title)
