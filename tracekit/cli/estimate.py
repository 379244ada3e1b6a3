"""`tracekit estimate`: how much memory will it take, and how many CIDs fit?"""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from tracekit import reports
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.lists import names, numbers
from tracekit.cli.record_options import echo_record, record_options
from tracekit.cli.size_type import SizeType
from tracekit.cli.source_options import read_source, source_options
from tracekit.cli.steps import Steps
from tracekit.records import EstimateRecord, PathStatus
from tracekit.replay.estimate import ERROR_BAR, SAMPLE_CIDS
from tracekit.replay.estimate import estimate as run_estimate
from tracekit.replay.estimate_query import is_query
from tracekit.replay.paths import PATHS


@click.command("estimate")
@click.argument("what", metavar="[WORKLOAD|FILE|SQL]", required=False)
@click.option(
    "--paths",
    callback=names,
    metavar="NAME,...",
    help=f"Any of {', '.join(PATHS)} [default: all].",
)
@source_options
@click.option("--limit", type=SizeType(), help="Memory the whole process may have, e.g. 6GiB.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE_CIDS,
    show_default=True,
    help="CIDs of the largest of three samples; up to four times as many where rows are few, or "
    "nothing is kept.",
)
@click.option(
    "--check",
    callback=numbers,
    metavar="N,...",
    help="Run these numbers of CIDs for real and tell the error of their predictions.",
)
@record_options
def command(
    what: str | None,
    paths: tuple[str, ...] | None,
    limit: int | None,
    sample: int,
    check: tuple[int, ...],
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Predict each path's memory at --cids N, and the largest N that stays within --limit.

    Three small samples of each path, spread over all CIDs, are measured in processes of their
    own. N may be larger than the workload. SQL is a query whose result has a CONTAINERID column.

    \b
    Examples:
      tracekit estimate --cids 114000 --limit 6GiB
      tracekit estimate trace-smoke --paths lean,stream --check 1000,2000
      tracekit estimate "SELECT * FROM DWH.DW_MES_LOTREJECTHISTORY" --dsn db.example:1521/MES

    Exit codes: 0 estimated · 1 no path stays within --limit, or a prediction is off by more than
    10% in --check · 2 could not run, or a path's samples could not be measured.
    """
    query = what if what is not None and is_query(what) else None
    read = read_source(None if query else what, **source)
    with Steps(quiet=quiet) as steps:
        record = run_estimate(
            read.workload,
            paths,
            query=query,
            **read.arguments(),
            limit_bytes=limit,
            sample=sample,
            check=check,
            command=shlex.join(["tracekit", *sys.argv[1:]]),
            on_progress=steps.tell,
        )
    echo_record(record, reports.estimate_text, as_json=as_json)
    return _exit_code(record)


def _exit_code(record: EstimateRecord) -> ExitCode:
    found = record.paths.values()
    if any(path.status is not PathStatus.OK for path in found):
        return ExitCode.COULD_NOT_RUN
    none_fits = record.limit_bytes is not None and not any(path.fits for path in found)
    off = any(abs(check.error) > ERROR_BAR for path in found for check in path.checks)
    return ExitCode.CHECK_FAILED if none_fits or off else ExitCode.OK
