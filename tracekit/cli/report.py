"""`tracekit report`: show a finished run again."""

from __future__ import annotations

from pathlib import Path

import click

from tracekit import reports
from tracekit.cli.output_options import output_file_options, write_text
from tracekit.cli.record_options import format_option
from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.experiment.run_folder import (
    PROGRAM,
    SUMMARY,
    read_program,
    read_run,
    read_run_stacks,
)
from tracekit.records import to_json


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@format_option("text", "md", "html", "json")
@output_file_options
@click.option(
    "--no-redaction",
    is_flag=True,
    help="Keep keys and machine paths in md and html, where they are removed for sharing.",
)
def command(run: Path, format_: str, output: Path | None, force: bool, no_redaction: bool) -> None:
    """Show a finished run again as text, Markdown, HTML or JSON.

    RUN is the folder of a replay, a notebook or a script, possibly from another machine. Nothing
    is measured.

    \b
    Examples:
      tracekit report profiles/runs/20261123T101502-trace-smoke-history
      tracekit report RUN --format html -o report.html
      tracekit report RUN --format md >> "$GITHUB_STEP_SUMMARY"
    """
    folder = run.parent if run.name in (SUMMARY, PROGRAM) else run
    draw = _program if (folder / PROGRAM).exists() else _replay
    drawn = draw(folder, format_, to_terminal=output is None, confidential=not no_redaction)
    if output is None:
        click.echo(drawn, nl=False)
        return
    write_text(output, drawn, force=force)


def _replay(folder: Path, format_: str, *, to_terminal: bool, confidential: bool) -> str:
    summary, timelines = read_run(folder)
    stacks = read_run_stacks(folder)
    if format_ == "text":
        color = on_terminal() and to_terminal
        return reports.text(summary, width=terminal_width(), color=color, folder=str(folder))
    if format_ == "md":
        return reports.markdown(
            summary, timelines, stack_diffs=stacks.stack_diffs, confidential=confidential
        )
    if format_ == "html":
        return reports.html(
            summary,
            timelines,
            call_trees=stacks.call_trees,
            stack_diffs=stacks.stack_diffs,
            confidential=confidential,
        )
    return to_json(summary)


def _program(folder: Path, format_: str, *, to_terminal: bool, confidential: bool) -> str:
    report = read_program(folder)
    if format_ == "text":
        color = on_terminal() and to_terminal
        return reports.program_text(report, width=terminal_width(), color=color, folder=str(folder))
    if format_ == "md":
        return reports.program_markdown(report, confidential=confidential)
    if format_ == "html":
        return reports.program_html(report, confidential=confidential)
    return to_json(report)
