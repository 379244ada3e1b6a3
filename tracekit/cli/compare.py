"""`tracekit compare`: compare two runs or two captures."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.output_options import output_file_options, write_text
from tracekit.cli.record_options import format_option
from tracekit.cli.terminal import terminal_width
from tracekit.experiment.compared import Side, comparison_record, open_sides, stack_diffs
from tracekit.experiment.regression import Judgement, judge_growth, parse_rule
from tracekit.records import ReplaySummary, to_json
from tracekit.reports.comparison import METRICS, SORTS


def _names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(","))


@click.command("compare")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("head", type=click.Path(path_type=Path))
@click.option(
    "--columns",
    callback=_names,
    default=",".join(METRICS),
    show_default=True,
    metavar="METRIC,...",
    help="Metrics to compare, separated by commas.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="change",
    show_default=True,
    help="Sort by share of growth, by growth within each metric, or by candidate.",
)
@click.option(
    "--fail-on",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Exit with 1 if a metric grew by more than RULE allows, e.g. net_peak:10%+8MiB for 10% "
    "and 8 MiB; repeatable.",
)
@format_option("text", "md", "html", "json")
@output_file_options
@click.option(
    "--no-redaction",
    is_flag=True,
    help="Keep machine paths in md and html, where they are removed for sharing.",
)
def command(
    base: Path,
    head: Path,
    columns: tuple[str, ...],
    sort: str,
    rules: tuple[str, ...],
    format_: str,
    output: Path | None,
    force: bool,
    no_redaction: bool,
) -> int:
    """Show what grew from BASE to HEAD, in which metric and at which call stack.

    Each is a run's folder, its summary.json or a baseline; or both are memray captures (.bin).
    Call stacks are compared for candidates that have a capture on both sides.

    \b
    Examples:
      tracekit compare profiles/runs/MONDAY profiles/runs/TUESDAY
      tracekit compare before.bin after.bin --fail-on heap_peak:10%+8MiB
      tracekit compare main/ branch/ --format md >> "$GITHUB_STEP_SUMMARY"

    Exit codes: 0 no --fail-on rule was broken · 1 one was · 2 could not compare.
    """
    parsed = [parse_rule(rule) for rule in rules]
    before, after = open_sides(base, head)
    judgement = judge_growth(before.summary, after.summary, parsed)
    drawn = _drawn(
        before,
        after,
        judgement,
        format_,
        columns=columns,
        sort=sort,
        confidential=not no_redaction,
        to_terminal=output is None and sys.stdout.isatty(),
    )
    if output is None:
        click.echo(drawn, nl=False)
    else:
        write_text(output, drawn, force=force)
        for failure in judgement.failures:
            click.echo(f"tracekit: {failure}", err=True)
    return ExitCode.OK if judgement.passed else ExitCode.CHECK_FAILED


def _drawn(
    base: Side,
    head: Side,
    judgement: Judgement,
    format_: str,
    *,
    columns: tuple[str, ...],
    sort: str,
    confidential: bool,
    to_terminal: bool,
) -> str:
    diffs = stack_diffs(base, head)
    if format_ == "json":
        return to_json(comparison_record(base, head, judgement, diffs, columns, sort))
    both: tuple[ReplaySummary, ReplaySummary] = base.summary, head.summary
    failures = judgement.failures if judgement.rules else None
    if format_ == "text":
        width = terminal_width()
        return reports.compare_text(
            *both,
            columns=columns,
            sort=sort,
            stack_diffs=diffs,
            failures=failures,
            width=width,
            color=to_terminal,
        )
    if format_ == "md":
        return reports.compare_markdown(
            *both,
            columns=columns,
            sort=sort,
            stack_diffs=diffs,
            failures=failures,
            confidential=confidential,
        )
    return reports.compare_html(
        *both,
        names=(base.name, head.name),
        columns=columns,
        sort=sort,
        stack_diffs=diffs,
        failures=failures,
        confidential=confidential,
    )
