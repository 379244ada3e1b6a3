"""`tracekit prove`: only the proof."""

from __future__ import annotations

from typing import Any

import click

from tracekit.cli.exit_code import ExitCode
from tracekit.cli.source_options import (
    level_option,
    read_source,
    source_options,
    unordered_option,
)
from tracekit.cli.steps import Steps
from tracekit.replay.paths import ALL_PATHS
from tracekit.replay.prove_paths import prove_paths


@click.command("prove")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option("--workload", "named_workload", metavar="WORKLOAD", help="The same as the argument.")
@click.option(
    "--left",
    type=click.Choice(list(ALL_PATHS)),
    default="legacy",
    show_default=True,
    help="The reference path.",
)
@click.option(
    "--right",
    type=click.Choice(list(ALL_PATHS)),
    default="iterator",
    show_default=True,
    help="The candidate path.",
)
@source_options
@level_option
@unordered_option
@click.option("--json", "as_json", is_flag=True, help="Print the proof's record as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    workload: str | None,
    named_workload: str | None,
    left: str,
    right: str,
    level: str,
    unordered: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Prove that two paths return the same, or show where they differ.

    Both paths fetch in processes of their own and leave one digest per CID; only CIDs whose
    digests differ are fetched again and shown. Levels, strictest first: exact (types, values,
    order, keys), json (the same bytes for an API client), value (equal after the named
    equivalences), different.

    \b
    Examples:
      tracekit prove trace-smoke
      tracekit prove --left legacy --right iterator --workload trace-114k --domain history
      tracekit prove trace-smoke --level exact        exits 1: NULL dates were NaT, are None

    Exit codes: 0 the level holds · 1 it does not · 2 could not run.
    """
    read = read_source(workload or named_workload, **source)
    with Steps(quiet=quiet) as steps:
        proof = prove_paths(
            left,
            right,
            read.workload,
            **read.arguments(),
            level=level,
            unordered=unordered,
            on_progress=steps.tell,
        )
    click.echo(proof.to_json() if as_json else f"{proof}\n", nl=False)
    return ExitCode.OK if proof.equal else ExitCode.CHECK_FAILED
