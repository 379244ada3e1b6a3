"""`tracekit workload`: list and describe workloads, and build them ahead of time."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from tracekit import workloads
from tracekit.cli.record_options import quiet_option
from tracekit.cli.steps import Steps
from tracekit.cli.table import print_table
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.records import QueryDefinition
from tracekit.sizes import format_size


@click.group("workload")
def command() -> None:
    """List, build and describe workloads, which are what a replay reads."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(as_json: bool) -> None:
    """List the known workloads, and which of them are built."""
    built = {item.fingerprint for item in workloads.cached(Settings.from_env().cache_dir)}
    rows = [
        _facts(workload, built=workload.fingerprint in built)
        for workload in workloads.known_workloads()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    print_table(
        ["name", "keys", "queries", "built", "description"],
        [
            [
                row["name"],
                f"{row['keys']:,}" if row["keys"] else "–",
                ", ".join(row["queries"]),
                _built(row),
                row["description"],
            ]
            for row in rows
        ],
    )


@command.command("build")
@click.argument("name", metavar="WORKLOAD|FILE.toml")
@click.option("--keys", type=click.IntRange(1), help="Number of keys [default: as defined].")
@click.option("-f", "--force", is_flag=True, help="Build it again if it exists.")
@quiet_option
def build(name: str, keys: int | None, force: bool, quiet: bool) -> None:
    """Build a workload into the cache and print the path of its DuckDB file."""
    workload = workloads.load(name, keys=keys)
    if workload.generator is None:
        raise ConfigError(
            f"workload {name!r} reads {workload.database or workload.dsn}, "
            "so there is nothing to build"
        )
    with Steps(quiet=quiet) as steps:
        path = workloads.build(
            workload, Settings.from_env().cache_dir, progress=steps.update, force=force
        )
    click.echo(path)


@command.command("show")
@click.argument("name", metavar="WORKLOAD|FILE.toml")
@click.option("--keys", type=click.IntRange(1), help="Number of keys [default: as defined].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def show(name: str, keys: int | None, as_json: bool) -> None:
    """Show a workload's definition, and its row counts if it is built."""
    workload = workloads.load(name, keys=keys)
    path = workload.database
    if workload.generator is not None:
        path = workloads.database_path(workload, Settings.from_env().cache_dir)
    built = path is not None and path.exists()
    facts = _facts(workload, built=built)
    if path is not None and built:
        facts["path"] = str(path)
        facts["size_bytes"] = path.stat().st_size
        facts["table_rows"] = workloads.table_rows(path)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for key in ("name", "description", "source", "keys", "seed", "sysdate", "fingerprint"):
        if facts[key] is not None:
            click.echo(f"{key:12} {facts[key]}")
    click.echo(f"{'queries':12} {', '.join(workload.queries)}")
    click.echo(f"{'candidates':12} {', '.join(workload.candidates)}")
    if workload.reference is not None:
        click.echo(f"{'reference':12} {workload.reference}")
    if workload.keys is not None:
        click.echo(f"{'keys from':12} {workload.keys}")
    for query in workload.queries.values():
        _show_query(query)
    if path is None:
        return
    if not path.exists():
        click.echo(f"{'built':12} no (tracekit workload build {name})")
        return
    click.echo(f"{'built':12} {path} ({format_size(facts['size_bytes'])})")
    print_table(
        ["table", "rows"],
        [[table, f"{rows:,}"] for table, rows in facts["table_rows"].items()],
    )


def _show_query(query: QueryDefinition) -> None:
    key = f"by {', '.join(query.key)}" if query.key else "without a key"
    binds = "".join(f", :{name} = {value!r}" for name, value in query.binds.items())
    click.echo(f"\n{query.name} {key}{binds}")
    click.echo(textwrap.indent(query.sql.strip(), "  "))


def _facts(workload: workloads.Workload, *, built: bool) -> dict[str, Any]:
    return {
        "name": workload.name,
        "description": workload.description,
        "source": str(workload.database or workload.dsn or workload.generator),
        "keys": workload.size,
        "seed": workload.seed,
        "sysdate": workload.sysdate.isoformat() if workload.sysdate else None,
        "queries": list(workload.queries),
        "candidates": list(workload.candidates),
        "fingerprint": workload.fingerprint,
        "built": built if workload.generator else None,
    }


def _built(row: dict[str, Any]) -> str:
    return {True: "yes", False: "no", None: "–"}[row["built"]]
