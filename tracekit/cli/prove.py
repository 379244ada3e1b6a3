"""`tracekit prove`: only the proof, without measuring."""

from __future__ import annotations

from typing import Any

import click

from tracekit.cli.exit_code import ExitCode
from tracekit.cli.record_options import quiet_option
from tracekit.cli.source_options import (
    level_option,
    read_source,
    source_options,
    unordered_option,
)
from tracekit.cli.steps import Steps
from tracekit.experiment.prove_candidates import chosen_sides, prove_candidates


@click.command("prove")
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@click.option(
    "--left",
    metavar="[NAME=]SPEC",
    help="The reference: a candidate, written as for replay --candidate. [default: the workload's; "
    "without one, legacy]",
)
@click.option(
    "--right",
    metavar="[NAME=]SPEC",
    help="The candidate to compare with the reference. [default: the workload's first other; "
    "without one, iterator]",
)
@source_options
@level_option
@unordered_option
@click.option("--json", "as_json", is_flag=True, help="Print the proof as JSON.")
@quiet_option
def command(
    workload: str | None,
    left: str | None,
    right: str | None,
    level: str,
    unordered: bool,
    as_json: bool,
    quiet: bool,
    **source: Any,
) -> int:
    """Prove that two candidates return the same result, or show where they differ.

    Both fetch in separate processes and compute one digest per key; only keys whose digests differ
    are fetched again and shown. Levels, strictest first: exact (types, values, order, keys), json
    (the same bytes for an API client), value (equal under the listed equivalences), different.

    \b
    Examples:
      tracekit prove trace-smoke
      tracekit prove trace-114k --query rejects --left legacy --right lean
      tracekit prove --database bank.duckdb --sql q.sql --key ID --left old=bank:load --right lean
      tracekit prove trace-smoke --level exact        exit code 1: NULL is NaT before, None after

    Exit codes: 0 the level holds · 1 it does not · 2 could not run, or no rows were read.
    """
    read = read_source(workload, **source)
    sides = chosen_sides(read.workload, left, right)
    with Steps(quiet=quiet) as steps:
        proof = prove_candidates(
            sides,
            read.workload,
            **read.arguments(),
            level=level,
            unordered=unordered,
            on_progress=steps.tell,
        )
    reference, candidate = sides
    click.echo(
        proof.to_json() if as_json else f"{candidate.name} against {reference.name}: {proof}\n",
        nl=False,
    )
    return ExitCode.OK if proof.equal else ExitCode.CHECK_FAILED
