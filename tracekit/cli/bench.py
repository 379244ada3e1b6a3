"""`tracekit bench`: the candidates against their peers, on the same server in the same run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from tracekit import reports
from tracekit.bench import BENCH_CANDIDATES
from tracekit.bench import bench as run_bench
from tracekit.bench.bars import EXACT
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import numbers
from tracekit.cli.record_options import echo_record, record_options
from tracekit.cli.source_options import read_source, source_options
from tracekit.cli.steps import Steps
from tracekit.errors import ConfigError
from tracekit.records import BenchRecord, RunStatus, to_json

_FILES = ("bench.json", "bench.md", "bench.png")


@click.command("bench")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option(
    "--candidate",
    "candidates",
    multiple=True,
    metavar="[NAME=]SPEC",
    help=f"What takes part, repeatable: {', '.join(BENCH_CANDIDATES)}, module:function or "
    "script.py [default: all of those named].",
)
@source_options
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Runs of each candidate; figures are medians.",
)
@click.option("--profile", is_flag=True, help="Run each once more under memray: its heap peak.")
@click.option("--no-proof", is_flag=True, help="Do not compare the outputs.")
@click.option(
    "--sizes",
    callback=numbers,
    metavar="N,...",
    help="Smaller numbers of keys at which stream and parquet are measured, too: are they flat?",
)
@click.option(
    "-o",
    "--output",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder to write {', '.join(_FILES)} to.",
)
@click.option("-f", "--force", is_flag=True, help="Replace an older bench in --output.")
@record_options
def command(
    workload: str | None,
    candidates: tuple[str, ...],
    repeat: int,
    profile: bool,
    no_proof: bool,
    sizes: tuple[int, ...],
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Measure every candidate and its peers on the same queries, and hold them to their bars.

    Each run is a process of its own; rounds are interleaved. One that is not installed,
    or cannot read this server, is named with the reason and left out of the ratios. The bars'
    ratios were set for 114,000 keys of trace-114k's `history`.

    \b
    Examples:
      tracekit bench trace-smoke --repeat 1
      tracekit bench trace-114k --keys 11000 -o bench
      tracekit bench payments --candidate iterator --candidate lean --candidate old=bank:load

    Exit codes: 0 measured · 1 an output is not exactly the iterator's · 2 could not run ·
    53 a candidate ran out of memory.
    """
    read = read_source(workload, **source)
    _check_output(output, force=force)
    with Steps(quiet=quiet) as steps:
        record = run_bench(
            read.workload,
            candidates or None,
            **read.arguments(),
            repeat=repeat,
            profile=profile,
            prove=not no_proof,
            sizes=sizes,
            command=shlex.join(["tracekit", *sys.argv[1:]]),
            on_progress=steps.tell,
        )
    if output is not None:
        _write(record, output)
    echo_record(record, reports.bench_text, as_json=as_json)
    return _exit_code(record)


def _check_output(output: Path | None, *, force: bool) -> None:
    """Before anything is measured, which takes minutes."""
    if output is None:
        return
    there = [file for file in _FILES if (output / file).exists()]
    if there and not force:
        raise ConfigError(
            f"{output} holds {there[0]} already and will not be written to without --force."
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"no bench can be written to {output}: {exc}") from exc


def _write(record: BenchRecord, output: Path) -> None:
    (output / "bench.json").write_text(to_json(record), encoding="utf-8")
    (output / "bench.md").write_text(reports.bench_markdown(record), encoding="utf-8")
    reports.bench_plot(record, output / "bench.png")


def _exit_code(record: BenchRecord) -> ExitCode:
    results = record.candidates.values()
    if any(found.status is RunStatus.OUT_OF_MEMORY for found in results):
        return ExitCode.OUT_OF_MEMORY
    different = any(bar.met is False for bar in record.bars if bar.bar == EXACT)
    return ExitCode.CHECK_FAILED if different else ExitCode.OK
