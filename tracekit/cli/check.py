"""`tracekit check`: the gate that keeps memory from growing back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.new_file import check_new_file
from tracekit.cli.output_options import run_folder_options
from tracekit.cli.record_options import format_option, quiet_option
from tracekit.cli.source_options import candidate_option
from tracekit.cli.steps import Steps
from tracekit.cli.terminal import on_terminal, terminal_width
from tracekit.errors import ConfigError
from tracekit.experiment.baseline import (
    DEFAULT_REPEAT,
    DEFAULT_TOLERANCE,
    DEFAULT_WORKERS,
    Checked,
    check,
    kept_options,
    make_run,
    options_of,
    write_baseline,
)
from tracekit.experiment.compared import Side, comparison_record
from tracekit.experiment.progress import ReplayProgress
from tracekit.experiment.regression import parse_rule
from tracekit.records import GivenOptions, to_json
from tracekit.reports.comparison import METRICS

BASELINES = Path("profiles/baselines")


@click.command("check")
@click.argument("workload", metavar="[WORKLOAD]", required=False)
@click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The baseline [default: {BASELINES}/WORKLOAD.json].",
)
@click.option("--update", is_flag=True, help="Replay the workload and write its baseline.")
@click.option(
    "--fail-on",
    "tolerance",
    multiple=True,
    metavar="RULE",
    help="Fail if a metric grew by more than RULE allows, e.g. net_peak:10%+8MiB for 10% and "
    f"8 MiB; repeatable [default: {' and '.join(DEFAULT_TOLERANCE)}].",
)
@click.option(
    "--keys", type=click.IntRange(1), help="With --update: number of keys [default: all]."
)
@click.option("--query", metavar="NAME", help="With --update: the workload's query to replay.")
@candidate_option
@click.option(
    "--repeat",
    type=click.IntRange(1),
    help=f"With --update: runs of each candidate; the median counts [default: {DEFAULT_REPEAT}].",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="With --update: batches of keys a built-in candidate reads at once; peaks vary least "
    f"with one [default: {DEFAULT_WORKERS}].",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of measured processes at once [default: one for each core].",
)
@format_option("text", "md", "json")
@run_folder_options
@quiet_option
def command(
    workload: str | None,
    baseline_file: Path | None,
    update: bool,
    tolerance: tuple[str, ...],
    keys: int | None,
    query: str | None,
    candidates: tuple[str, ...],
    repeat: int | None,
    workers: int | None,
    jobs: int | None,
    format_: str,
    output: Path | None,
    force: bool,
    quiet: bool,
) -> int:
    """Replay a baseline's workload, and fail if memory grew or an output changed.

    Create a baseline once with --update and keep it in git; check then replays the same workload
    with the same candidates and options. --update reads the workload's definition anew; options
    that were given with it are part of the baseline, and later updates keep them. Times are shown
    but not judged, because they depend on the machine.

    \b
    Examples:
      tracekit check trace-smoke
      tracekit check payments --update
      tracekit check --baseline FILE --fail-on net_peak:5%+1MiB --format md

    Exit codes: 0 nothing grew too much · 1 a regression · 2 no baseline, or one of other data, of
    another definition, or from another environment (Python, packages, Arrow pool, system).
    """
    rules = [parse_rule(rule) for rule in tolerance or DEFAULT_TOLERANCE]
    baseline = baseline_file or _usual_baseline(workload)
    asked = GivenOptions(keys, query, candidates or None, repeat, workers)
    if not update and (written := _written(asked)):
        raise ConfigError(
            f"the baseline determines what is replayed. {written} needs --update, which makes the "
            "baseline anew"
        )
    with Steps(quiet=quiet) as steps:

        def tell(progress: ReplayProgress) -> None:
            steps.update(progress.step, progress.fraction, progress.detail)

        if update:
            name, kept = kept_options(baseline, workload, asked)
            if written := _written(kept):
                click.echo(
                    f"tracekit: kept from the existing baseline: {written} (remove {baseline} to "
                    "replay what the workload's definition says)",
                    err=True,
                )
            given = asked.or_else(kept)
            options = options_of(name, given)
            check_new_file(baseline, force=True)
            run = make_run(
                options,
                output=output,
                force=force,
                jobs=jobs,
                command=_typed(),
                on_progress=tell,
            )
            write_baseline(baseline, run.summary, given=given, call_trees=run.stacks.call_trees)
            click.echo(f"tracekit: wrote {baseline}; its run is in {run.folder}", err=True)
            return ExitCode.OK
        checked = check(
            baseline,
            rules,
            workload=workload,
            output=output,
            force=force,
            jobs=jobs,
            command=_typed(),
            on_progress=tell,
        )
    _print(checked, baseline, format_)
    if checked.run.unexpected_out_of_memory:
        return ExitCode.OUT_OF_MEMORY
    return ExitCode.OK if checked.judgement.passed else ExitCode.CHECK_FAILED


def _usual_baseline(workload: str | None) -> Path:
    if workload is None:
        raise ConfigError("nothing to check. Name a workload, or a baseline with --baseline FILE")
    return BASELINES / f"{Path(workload).stem}.json"


def _written(options: GivenOptions) -> str:
    """The options as on a command line."""
    words: list[str] = []
    for name, value in asdict(options).items():
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None:
                words += ["--candidate" if name == "candidates" else f"--{name}", str(one)]
    return shlex.join(words)


def _typed() -> str:
    return shlex.join(["tracekit", *sys.argv[1:]])


def _print(checked: Checked, baseline: Path, format_: str) -> None:
    before, after = checked.baseline, checked.run.summary
    failures: Sequence[str] = checked.judgement.failures
    if format_ == "json":
        sides = Side(baseline.name, before, {}), Side(checked.run.folder.name, after, {})
        record = comparison_record(
            *sides, checked.judgement, checked.stack_diffs, tuple(METRICS), "change"
        )
        click.echo(to_json(record), nl=False)
    elif format_ == "md":
        text = reports.compare_markdown(
            before, after, stack_diffs=checked.stack_diffs, failures=failures
        )
        click.echo(text, nl=False)
    else:
        text = reports.compare_text(
            before,
            after,
            stack_diffs=checked.stack_diffs,
            failures=failures,
            width=terminal_width(),
            color=on_terminal(),
        )
        click.echo(text, nl=False)
    if checked.without_stacks:
        click.echo(
            f"tracekit: the call stacks of {', '.join(checked.without_stacks)} are not in both the "
            f"baseline and this run, so they are not compared. Those of this run are in "
            f"{checked.run.folder / 'report.html'}; check --update keeps them in the baseline",
            err=True,
        )
    click.echo(f"tracekit: the run is in {checked.run.folder}", err=True)
