"""Two replays side by side, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import ReplaySummary, StackDiff
from tracekit.reports.comparison import (
    METRICS,
    comparison_headline,
    delta_table,
    metric_deltas,
    newly_different,
    outcome_prefix,
    unlike,
)
from tracekit.reports.gfm import bullet, marker, prose, section, table_lines
from tracekit.reports.redaction import Redactor
from tracekit.reports.sections import difference_table
from tracekit.reports.stack_sections import TOP_STACKS, diff_title, stack_details, stack_tables
from tracekit.reports.text_report import TextPage


def compare_text(
    base: ReplaySummary,
    head: ReplaySummary,
    *,
    columns: Sequence[str] = tuple(METRICS),
    sort: str = "change",
    stack_diffs: Sequence[StackDiff] = (),
    failures: Sequence[str] | None = None,
    width: int | None = None,
    color: bool = False,
) -> str:
    """Changes by metric for a terminal, worst first.

    Args:
        base: The replay before.
        head: The replay after.
        columns: Names of metrics (`METRICS`), all by default.
        sort: Order of the table (`comparison.SORTS`).
        stack_diffs: Captures of the two compared by call stack.
        failures: What a gate found, for the verdict in the first line; None if nothing was judged.
        width: Columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.

    Raises:
        ConfigError: a metric in `columns`, or the order `sort`, is unknown.
    """
    deltas = metric_deltas(base, head, columns, sort=sort)
    redact = Redactor(confidential=False)
    page = TextPage(width, color=color)
    verdict = outcome_prefix(failures)
    style = {"FAILED": "bold red", "PASSED": "bold green"}.get(verdict, "bold")
    sentence = comparison_headline(base, head, deltas)
    page.line(f"{verdict}: {sentence}." if verdict else f"{sentence}.", style=style)
    for failure in failures or ():
        page.item(failure, style="red")
    page.line("")
    page.table(delta_table(deltas))
    page.table(difference_table(newly_different(base, head), redact), "First differences")
    page.items(unlike(base, head), "Not directly comparable")
    for diff in stack_diffs:
        tables = stack_tables(diff, redact, limit=TOP_STACKS)
        page.table(tables.changed, diff_title(diff))
        if tables.chance.rows:
            page.line(f"{tables.chance_title}.", style="dim")
        page.items(list(diff.remarks), "Remarks")
    return page.rendered()


def compare_markdown(
    base: ReplaySummary,
    head: ReplaySummary,
    *,
    columns: Sequence[str] = tuple(METRICS),
    sort: str = "change",
    stack_diffs: Sequence[StackDiff] = (),
    failures: Sequence[str] | None = None,
    confidential: bool = True,
) -> str:
    """Changes by metric as GitHub-flavoured Markdown, worst first, with call stacks folded.

    The first line is the summary, and ends with a hidden marker as in `markdown`.

    Args:
        base: The replay before.
        head: The replay after.
        columns: Names of metrics (`METRICS`), all by default.
        sort: Order of the table (`comparison.SORTS`).
        stack_diffs: Captures of the two compared by call stack.
        failures: What a gate found, for the verdict in the first line; None if nothing was judged.
        confidential: Whether to leave out machine paths.

    Raises:
        ConfigError: a metric in `columns`, or the order `sort`, is unknown.
    """
    deltas = metric_deltas(base, head, columns, sort=sort)
    redact = Redactor(head, confidential=confidential)
    differences = difference_table(newly_different(base, head), redact)
    work = head.workload
    verdict = outcome_prefix(failures)
    sentence = prose(redact.prose(comparison_headline(base, head, deltas)))
    first = f"**{verdict}**: {sentence}." if verdict else f"**{sentence}.**"
    blocks = [
        f"{first} {marker('compare', work.name, work.query)}",
        bullet(map(redact.prose, failures or ())),
        "## Metrics, worst first" if sort == "change" else "## Metrics",
        table_lines(delta_table(deltas)),
        *section("First differences", table_lines(differences)),
        *section("Not directly comparable", bullet(map(redact.prose, unlike(base, head)))),
        *stack_details(stack_diffs, redact),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"
