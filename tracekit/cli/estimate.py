"""`tracekit estimate`: how much memory a fetch will take, and how many keys fit."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import numbers
from tracekit.cli.record_options import echo_record, record_options
from tracekit.cli.size_type import SizeType
from tracekit.cli.source_options import candidate_option, read_source, source_options
from tracekit.cli.steps import Steps
from tracekit.cli.workers_queue import queue_option, queue_source
from tracekit.config import Settings
from tracekit.experiment.builtin_candidates import BUILTIN
from tracekit.experiment.estimate import ERROR_BAR, SAMPLE_KEYS
from tracekit.experiment.estimate import estimate as run_estimate
from tracekit.experiment.source import resolve
from tracekit.records import EstimateRecord, RunStatus


@click.command("estimate")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@candidate_option
@source_options
@click.option("--limit", type=SizeType(), help="Memory the whole process may use, e.g. 6GiB.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE_KEYS,
    show_default=True,
    help="Keys of the largest of three samples; up to eight times as many are used if that is not "
    "enough.",
)
@click.option(
    "--verify",
    "verify",
    callback=numbers,
    metavar="N,...",
    help="Also run these numbers of keys for real, and report the error of their predictions.",
)
@queue_option
@record_options
def command(
    workload: str | None,
    candidates: tuple[str, ...],
    limit: int | None,
    sample: int,
    verify: tuple[int, ...],
    workers_queue: str | None,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Predict each candidate's memory at --keys N, and the largest N that stays within --limit.

    Three small samples of each candidate, spread over all keys, are measured in separate
    processes. N can be larger than the workload.

    \b
    Examples:
      tracekit estimate payments --keys 500000 --limit 6GiB
      tracekit estimate trace-smoke --candidate lean --candidate stream --verify 1000,2000
      tracekit estimate trace-114k --verify 11000,114000 --workers-queue measurements
      tracekit estimate --dsn db.example:1521/BANK --sql transactions.sql --key ACCOUNT_ID

    If the samples are too small for a range within 10%, the net peak is given as a range.

    Exit codes: 0 estimated · 1 no candidate certainly stays within --limit, or a prediction that is
    not a range is off by more than 10% in --verify · 2 could not run, or a candidate's samples
    could not be measured.
    """
    how: dict[str, Any] = {
        "limit_bytes": limit,
        "sample": sample,
        "verify": verify,
        "command": shlex.join(["tracekit", *sys.argv[1:]]),
    }
    with Steps(quiet=quiet) as steps:
        how["on_progress"] = steps.tell
        if workers_queue is not None:
            record = _on_workers(workload, workers_queue, candidates, source, how)
        else:
            read = read_source(workload, **source)
            record = run_estimate(read.workload, candidates or None, **read.arguments(), **how)
    echo_record(record, reports.estimate_text, as_json=as_json)
    return _exit_code(record)


def _on_workers(
    workload: str | None,
    queue: str,
    candidates: Sequence[str],
    source: Mapping[str, Any],
    how: Mapping[str, Any],
) -> EstimateRecord:
    from tracekit.bench.on_workers import estimate_on_workers  # RQ takes a moment to load
    from tracekit.jobs import connect_store

    read = queue_source(workload, source)
    names = candidates or tuple(resolve(read.workload).candidates or BUILTIN)
    return estimate_on_workers(
        connect_store(Settings.from_env().trace),
        queue,
        read.workload,
        names,
        query=read.query,
        keys=read.keys,
        workers=read.workers,
        **how,
    )


def _exit_code(record: EstimateRecord) -> ExitCode:
    found = record.candidates.values()
    if any(path.status is not RunStatus.OK for path in found):
        return ExitCode.COULD_NOT_RUN
    none_fits = record.limit_bytes is not None and not any(path.fits for path in found)
    checks = [check for path in found for check in path.checks if check.certain]
    off = any(abs(check.error) > ERROR_BAR for check in checks)
    return ExitCode.CHECK_FAILED if none_fits or off else ExitCode.OK
