"""Two replays side by side as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import ReplaySummary, StackDiff
from tracekit.reports import stack_sections
from tracekit.reports.comparison import (
    METRICS,
    comparison_headline,
    delta_table,
    metric_deltas,
    outcome_prefix,
    unlike,
)
from tracekit.reports.flame_graph import any_shown
from tracekit.reports.page_template import page_template
from tracekit.reports.redaction import Redactor

_STACKS_SHOWN = 40


def compare_html(
    base: ReplaySummary,
    head: ReplaySummary,
    *,
    names: tuple[str, str] = ("base", "head"),
    columns: Sequence[str] = tuple(METRICS),
    sort: str = "change",
    stack_diffs: Sequence[StackDiff] = (),
    failures: Sequence[str] | None = None,
    confidential: bool = True,
) -> str:
    """Changes by metric and by call stack, as one page that needs no network.

    Args:
        base: The replay before.
        head: The replay after.
        names: The names of the two.
        columns: Names of metrics (`METRICS`), all by default.
        sort: Order of the table (`comparison.SORTS`).
        stack_diffs: Captures of the two compared by call stack.
        failures: What a gate found, for the verdict in the first line; None if nothing was judged.
        confidential: Whether to leave out machine paths.

    Raises:
        ConfigError: a metric in `columns`, or the order `sort`, is unknown.
    """
    deltas = metric_deltas(base, head, columns, sort=sort)
    redact = Redactor(confidential=confidential)
    diffs = stack_sections.drawn_diffs(stack_diffs, redact, limit=_STACKS_SHOWN)
    return page_template("compare.html.j2").render(
        verdict=outcome_prefix(failures),
        headline=redact.prose(comparison_headline(base, head, deltas)),
        names=" → ".join(map(redact.prose, names)),
        failures=[redact.prose(failure) for failure in failures or ()],
        metrics=delta_table(deltas),
        unlike=[redact.prose(line) for line in unlike(base, head)],
        diffs=diffs,
        has_flames=any_shown(graph for _, graph, _ in diffs),
        diff_title=stack_sections.diff_title,
        redact=redact,
    )
