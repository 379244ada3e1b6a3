"""`tracekit check`: the gate that keeps memory from growing back."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import names
from tracekit.cli.steps import Steps
from tracekit.errors import ConfigError
from tracekit.keyed.domains import DOMAINS
from tracekit.records import Level, ReplayOptions, to_json
from tracekit.replay import DEFAULT_PATHS, ReplayProgress
from tracekit.replay.baseline import (
    DEFAULT_TOLERANCE,
    Checked,
    check,
    make_run,
    read_baseline,
    write_baseline,
)
from tracekit.replay.compared import Side, comparison_record
from tracekit.replay.regression import parse_rule
from tracekit.reports.comparison import METRICS

_BASELINE_REPEAT = 3
_BASELINE_WORKERS = 1
"""With several, how many row batches are alive at once is the scheduler's chance: at the smoke
workload peaks of the iterator were 4% apart with two workers and 0.5% with one."""


@click.command("check")
@click.option(
    "--baseline",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The baseline, e.g. profiles/baselines/trace-smoke.json.",
)
@click.option("--update", is_flag=True, help="Replay and write the baseline anew.")
@click.option(
    "--tolerance",
    multiple=True,
    metavar="RULE",
    help="Growth that is too much, repeatable, in the grammar of compare --fail-on "
    f"[default: {' and '.join(DEFAULT_TOLERANCE)}].",
)
@click.option("--workload", help="With --update: what to replay [default: the file's name].")
@click.option("--cids", type=click.IntRange(1), help="With --update: how many CIDs.")
@click.option("--domain", type=click.Choice(sorted(DOMAINS)), help="With --update: kind of event.")
@click.option(
    "--paths",
    callback=names,
    metavar="NAME,...",
    help="With --update: paths, the reference first.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1),
    help=f"With --update: plain runs per path, of which the median counts [default: "
    f"{_BASELINE_REPEAT}].",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help=f"With --update: fetching threads; one repeats best [default: {_BASELINE_WORKERS}].",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "md", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run's folder [default: a new one under profiles/runs].",
)
@click.option("-f", "--force", is_flag=True, help="Replace an older run in --output.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    baseline: Path,
    update: bool,
    tolerance: tuple[str, ...],
    workload: str | None,
    cids: int | None,
    domain: str | None,
    paths: tuple[str, ...] | None,
    repeat: int | None,
    workers: int | None,
    format_: str,
    output: Path | None,
    force: bool,
    quiet: bool,
) -> int:
    """Replay a baseline's workload and fail when memory grew or an output changed.

    A baseline is made once with --update and kept in git; check replays the same workload with
    the same paths and options. Times are shown but not judged: they are the machine's.

    \b
    Examples:
      tracekit check --baseline profiles/baselines/trace-smoke.json
      tracekit check --baseline profiles/baselines/trace-smoke.json --update
      tracekit check --baseline FILE --tolerance net_peak:5%+1MiB --format md

    Exit codes: 0 nothing grew beyond tolerance · 1 a regression · 2 no baseline, or it was made
    under another fingerprint (Python, packages, Arrow pool, system, workload).
    """
    rules = [parse_rule(rule) for rule in tolerance or DEFAULT_TOLERANCE]
    asked = {
        "workload": workload,
        "cids": cids,
        "domain": domain,
        "paths": paths,
        "repeat": repeat,
        "workers": workers,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if given and not update:
        raise ConfigError(
            f"--{next(iter(given))} is the baseline's to say; give it with --update to change it"
        )
    with Steps(quiet=quiet) as steps:

        def tell(progress: ReplayProgress) -> None:
            steps.update(progress.step, progress.fraction, progress.detail)

        if update:
            options = _options(baseline, given)
            run = make_run(options, output=output, force=force, command=_typed(), on_progress=tell)
            write_baseline(baseline, run.summary)
            click.echo(f"tracekit: {baseline} is written; its run is in {run.folder}", err=True)
            return ExitCode.OK
        checked = check(
            baseline, rules, output=output, force=force, command=_typed(), on_progress=tell
        )
    _print(checked, baseline, format_)
    if checked.run.unexpected_out_of_memory:
        return ExitCode.OUT_OF_MEMORY
    return ExitCode.OK if checked.judgement.passed else ExitCode.CHECK_FAILED


def _options(baseline: Path, given: Mapping[str, object]) -> ReplayOptions:
    """What to replay: as the baseline that is there says, and else as is usual for one."""
    if baseline.exists() and "workload" not in given:
        options = read_baseline(baseline).options
        assert options is not None  # read_baseline said so
    else:
        options = ReplayOptions(
            workload=baseline.stem,
            cids=None,
            domain="",
            paths=DEFAULT_PATHS,
            level=Level.VALUE,
            unordered=False,
            profile=True,
            repeat=_BASELINE_REPEAT,
            workers=_BASELINE_WORKERS,
        )
    return replace(options, **given)  # type: ignore[arg-type]


def _typed() -> str:
    return shlex.join(["tracekit", *sys.argv[1:]])


def _print(checked: Checked, baseline: Path, format_: str) -> None:
    before, after = checked.baseline, checked.run.summary
    failures: Sequence[str] = checked.judgement.failures
    if format_ == "json":
        sides = Side(baseline.name, before, {}), Side(checked.run.folder.name, after, {})
        record = comparison_record(*sides, checked.judgement, (), tuple(METRICS), "change")
        click.echo(to_json(record), nl=False)
    elif format_ == "md":
        click.echo(reports.compare_markdown(before, after, failures=failures), nl=False)
    else:
        terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if terminal else None
        text = reports.compare_text(before, after, failures=failures, width=width, color=terminal)
        click.echo(text, nl=False)
    click.echo(f"tracekit: the run is in {checked.run.folder}", err=True)
