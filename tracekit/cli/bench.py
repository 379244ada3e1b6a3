"""`tracekit bench`: the candidates against their peers, on the same server in the same run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tracekit import reports, workloads
from tracekit.bench import BENCH_CANDIDATES
from tracekit.bench import bench as run_bench
from tracekit.bench.bars import EXACT
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import numbers
from tracekit.cli.record_options import echo_record, record_options
from tracekit.cli.source_options import read_source, source_options
from tracekit.cli.steps import Steps
from tracekit.cli.workers_queue import queue_option, queue_source
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.records import BenchRecord, MatrixRecord, RunStatus, to_json

_FILES = ("bench.json", "bench.md", "bench.png")
_WORST = (ExitCode.OK, ExitCode.CHECK_FAILED, ExitCode.OUT_OF_MEMORY)
_MATRIX_FILES = ("matrix.json", "matrix.md")


@click.command("bench")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option(
    "--candidate",
    "candidates",
    multiple=True,
    metavar="[NAME=]SPEC",
    help=f"A candidate to measure, repeatable: {', '.join(BENCH_CANDIDATES)}, module:function or "
    "script.py [default: all built-in ones].",
)
@source_options
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Runs of each candidate; the figures are medians.",
)
@click.option("--profile", is_flag=True, help="Run each again under memray, for its heap peak.")
@click.option("--no-proof", is_flag=True, help="Do not compare the outputs.")
@click.option(
    "--sizes",
    callback=numbers,
    metavar="N,...",
    help="Smaller numbers of keys at which to also measure stream and parquet, to see whether "
    "they stay flat. With --workers-queue: numbers of keys, each with its own bench.",
)
@queue_option
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="X.Y",
    help="With --workers-queue: use this Python, repeatable [default: each worker's own].",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Folder for {', '.join(_FILES)}.",
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
    workers_queue: str | None,
    pythons: tuple[str, ...],
    output: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Measure every candidate and its peers on the same queries, and compare them with targets.

    Each run is a separate process; rounds are interleaved. A peer that is not installed, or cannot
    read this server, is listed with the reason and left out of the ratios. The targets were set
    for 114,000 keys of trace-114k's `history`.

    \b
    Examples:
      tracekit bench trace-smoke --repeat 1
      tracekit bench trace-114k --keys 11000 -o bench
      tracekit bench payments --candidate iterator --candidate lean --candidate old=bank:load
      tracekit bench trace-114k --sizes 11000,114000 --workers-queue measurements

    Exit codes: 0 measured · 1 an output is not exactly the iterator's · 2 could not run ·
    53 a candidate ran out of memory.
    """
    if workers_queue is not None:
        _check_output(output, _MATRIX_FILES, force=force)
        with Steps(quiet=quiet) as steps:
            matrix = _on_workers(
                workload,
                workers_queue,
                source,
                candidates=candidates or None,
                sizes=sizes,
                pythons=pythons,
                repeat=repeat,
                profile=profile,
                prove=not no_proof,
                on_progress=steps.tell,
            )
        if output is not None:
            (output / "matrix.json").write_text(to_json(matrix), encoding="utf-8")
            (output / "matrix.md").write_text(reports.matrix_markdown(matrix), encoding="utf-8")
        echo_record(matrix, reports.matrix_text, as_json=as_json)
        return _matrix_exit_code(matrix)
    if pythons:
        raise ConfigError("--python needs --workers-queue; without it the current Python is used")
    read = read_source(workload, **source)
    _check_output(output, _FILES, force=force)
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


def _check_output(output: Path | None, files: Sequence[str], *, force: bool) -> None:
    """Check the output folder before measuring, which takes minutes."""
    if output is None:
        return
    there = [file for file in files if (output / file).exists()]
    if there and not force:
        raise ConfigError(
            f"{output} already contains {there[0]} and will not be overwritten without --force."
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"the bench cannot be written to {output}: {exc}") from exc


def _write(record: BenchRecord, output: Path) -> None:
    (output / "bench.json").write_text(to_json(record), encoding="utf-8")
    (output / "bench.md").write_text(reports.bench_markdown(record), encoding="utf-8")
    reports.bench_plot(record, output / "bench.png")


def _on_workers(
    workload: str | None, queue: str, source: Mapping[str, Any], *, sizes: Sequence[int], **how: Any
) -> MatrixRecord:
    from tracekit.bench.on_workers import bench_on_workers  # RQ takes a moment to load
    from tracekit.jobs import connect_store

    read = queue_source(workload, source)
    wanted = sizes or (read.keys or workloads.load(read.workload).size,)
    return bench_on_workers(
        connect_store(Settings.from_env().trace),
        queue,
        read.workload,
        sizes=wanted,
        query=read.query,
        workers=read.workers,
        command=shlex.join(["tracekit", *sys.argv[1:]]),
        **how,
    )


def _matrix_exit_code(matrix: MatrixRecord) -> ExitCode:
    if any(one.bench is None for one in matrix.benches):
        return ExitCode.COULD_NOT_RUN
    codes = [_exit_code(one.bench) for one in matrix.benches if one.bench is not None]
    return max(codes, key=_WORST.index)


def _exit_code(record: BenchRecord) -> ExitCode:
    results = record.candidates.values()
    if any(found.status is RunStatus.OUT_OF_MEMORY for found in results):
        return ExitCode.OUT_OF_MEMORY
    different = any(bar.met is False for bar in record.bars if bar.bar == EXACT)
    return ExitCode.CHECK_FAILED if different else ExitCode.OK
