"""Two replays side by side, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import ReplaySummary, StackDiff
from tracekit.reports.comparison import (
    METRICS,
    comparison_headline,
    delta_table,
    metric_deltas,
    unlike,
)
from tracekit.reports.gfm import bullet, marker, prose, section, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.stack_sections import TOP_STACKS, diff_title, stack_details, stack_table
from tracekit.reports.text_report import TextPage


def compare_text(
    base: ReplaySummary,
    head: ReplaySummary,
    *,
    columns: Sequence[str] = tuple(METRICS),
    stack_diffs: Sequence[StackDiff] = (),
    width: int | None = None,
    color: bool = False,
) -> str:
    """Per-metric deltas for a terminal, worst first.

    Args:
        base: The replay before.
        head: The replay after.
        columns: Names of metrics (`METRICS`), all by default.
        stack_diffs: Captures of the two compared by call stack.
        width: Columns of the terminal; None is as wide as it takes.
        color: Whether to write ANSI colours.

    Raises:
        ConfigError: a name in `columns` is no metric.
    """
    deltas = metric_deltas(base, head, columns)
    redact = Redactor(confidential=False)
    page = TextPage(width, color=color)
    page.line(comparison_headline(base, head, deltas) + ".", style="bold")
    page.line("")
    page.table(delta_table(deltas))
    page.items(unlike(base, head), "Not alike")
    for diff in stack_diffs:
        table = stack_table(diff, redact, limit=TOP_STACKS)
        page.table(table, diff_title(diff))
        page.items(list(diff.remarks), "Remarks")
    return page.rendered()


def compare_markdown(
    base: ReplaySummary,
    head: ReplaySummary,
    *,
    columns: Sequence[str] = tuple(METRICS),
    stack_diffs: Sequence[StackDiff] = (),
    confidential: bool = True,
) -> str:
    """Per-metric deltas as GitHub-flavoured Markdown, worst first, call stacks folded away.

    The first line is the sentence and ends in a hidden marker, as in `markdown`.

    Args:
        base: The replay before.
        head: The replay after.
        columns: Names of metrics (`METRICS`), all by default.
        stack_diffs: Captures of the two compared by call stack.
        confidential: Whether machine paths are left out.

    Raises:
        ConfigError: a name in `columns` is no metric.
    """
    deltas = metric_deltas(base, head, columns)
    redact = Redactor(confidential=confidential)
    work = head.workload
    blocks = [
        f"**{prose(redact.prose(comparison_headline(base, head, deltas)))}.** "
        + marker("compare", work.name, work.domain),
        "## Metrics, worst first",
        table_lines(delta_table(deltas)),
        *section("Not alike", bullet(map(redact.prose, unlike(base, head)))),
        *stack_details(stack_diffs, redact),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"
