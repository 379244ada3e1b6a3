"""`tracekit shape`: take an incident home without its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tracekit import reports, workloads
from tracekit.cli.exit_code import ExitCode
from tracekit.cli.new_file import check_new_file
from tracekit.cli.program_shape import ProgramCommand, ended_badly, program_of, program_shape
from tracekit.cli.record_options import quiet_option
from tracekit.cli.source_options import read_source, source_options
from tracekit.cli.steps import Steps
from tracekit.cli.terminal import terminal_width
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.experiment.record_shape import record_shape
from tracekit.records import to_json
from tracekit.workloads.shapes import load_shape, read_shape, write_shape

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("shape")
def command() -> None:
    """Record statistics of results without their values, show them, and generate rows from them.

    A shape is a small JSON file of statistics: columns as Oracle describes them, lengths of texts
    and widths of their characters, bits of numbers, numbers of distinct values, rows per key. It
    contains no value of the database. tracekit generates any number of rows from it, which need as
    much memory as the real ones.

    \b
    Examples:
      tracekit shape record --dsn db.example:1521/BANK --sql payments.sql --key ACCOUNT_ID \\
          --keys-sql 'SELECT ID FROM ACCOUNTS' -o profiles/shapes/payments.json
      tracekit shape show profiles/shapes/payments.json
      tracekit replay --shape profiles/shapes/payments.json --keys 500000
    """


@command.command("record", cls=ProgramCommand)
@click.argument("workload", metavar="[WORKLOAD|FILE]", required=False)
@source_options
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="FILE.json", help="File for the shape."
)
@click.option("-f", "--force", is_flag=True, help="Replace an existing file.")
@quiet_option
def record(
    workload: str | None,
    output: Path,
    force: bool,
    quiet: bool,
    **source: Any,
) -> ExitCode:
    """Read a query for its keys, or run a program, and record statistics of the results.

    Write a program, a script or a notebook, after --. It runs as it is, and its Oracle connections
    are sent through a relay to --dsn, which runs each statement there and records the traffic.
    This does not change the program's own memory. A query's key is the column for which it has a
    list of binds, or the given --key, which is repeatable.

    Without a program the rows are read as in replay, one batch of keys at a time, and none is
    kept. The query must select its key column. Without --query or --sql all queries of WORKLOAD
    are recorded.

    \b
    Examples:
      tracekit shape record --dsn db.example:1521/BANK --sql payments.sql --key ACCOUNT_ID \\
          --keys-sql 'SELECT ID FROM ACCOUNTS' -o profiles/shapes/payments.json
      tracekit shape record --database bank.duckdb --sql payments.sql --key ACCOUNT_ID \\
          --keys 2000 -o payments.json
      tracekit shape record trace-smoke -o trace.json
      tracekit shape record --dsn db.example:1521/BANK -o job.json -- python job.py --day 2026-02-25
      tracekit shape record --dsn db.example:1521/BANK -o analysis.json -- analysis.ipynb

    Exit codes: 0 the shape was written · 1 it was, but the program failed · 2 could not record.
    """
    check_new_file(output, force=force)
    if program := program_of():
        return _record_program(program, workload, source, output, quiet=quiet)
    read = read_source(workload, **source)
    with Steps(quiet=quiet) as steps:
        shape = record_shape(
            read.workload,
            database=read.database,
            queries=_queries(read.workload, read.query),
            keys=read.keys,
            keys_sql=read.keys_sql,
            on_progress=steps.tell,
        )
        write_shape(shape, output)
    click.echo(output)
    return ExitCode.OK


@command.command("show")
@click.argument("file", metavar="FILE.json", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def show(file: Path, as_json: bool) -> None:
    """Show what a shape contains, column by column."""
    shape = read_shape(file)
    if as_json:
        click.echo(to_json(shape), nl=False)
        return
    click.echo(
        reports.shape_text(shape, size_bytes=file.stat().st_size, width=terminal_width()), nl=False
    )


@command.command("build")
@click.argument("file", metavar="FILE.json", type=_FILE)
@click.option("--keys", type=click.IntRange(1), help="Number of keys [default: as recorded].")
@click.option(
    "--rows",
    multiple=True,
    metavar="[QUERY=]N",
    help="Number of rows of a query, if it should not follow from the keys; repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the generated values.",
)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE.duckdb",
    help="DuckDB file to write [default: in the cache, where replay finds it].",
)
@click.option("-f", "--force", is_flag=True, help="Build it again if it exists.")
@quiet_option
def build(
    file: Path,
    keys: int | None,
    rows: tuple[str, ...],
    seed: int,
    output: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Generate rows from a shape, and print the path of their DuckDB file.

    The same shape, keys, rows and seed give the same contents everywhere. Its tables are in schema
    TRACEKIT_SHAPE, one for each query; replay --database reads it like the shape.
    """
    shape = read_shape(file)
    wanted = dict(_rows(text, [query.name for query in shape.queries]) for text in rows)
    workload = load_shape(file, keys=keys, rows=wanted, seed=seed)
    with Steps(quiet=quiet) as steps:
        if output is None:
            cache = Settings.from_env().cache_dir
            output = workloads.build(workload, cache, progress=steps.update, force=force)
        else:
            workloads.build_at(workload, output, progress=steps.update, force=force)
    click.echo(output)


def _record_program(
    program: tuple[str, ...],
    workload: str | None,
    source: dict[str, Any],
    output: Path,
    *,
    quiet: bool,
) -> ExitCode:
    taken = {"dsn", "user", "key_columns"}
    useless = next((name for name, value in source.items() if value and name not in taken), None)
    if useless is not None or workload is not None:
        what = workload or f"--{useless}".replace("_", "-")
        raise ConfigError(
            f"{what} cannot be used with a program, which itself determines what is read"
        )
    if source["dsn"] is None:
        raise ConfigError("recording a program needs a real database. Name it with --dsn")
    keys = [name.strip() for text in source.pop("key_columns") for name in text.split(",")]
    read = read_source(None, **source, key_columns=())
    assert read.database is not None, "--dsn names it"
    shape, report = program_shape(program, read.database, keys, quiet=quiet)
    write_shape(shape, output)
    click.echo(output)
    badly = ended_badly(report)
    if badly is None:
        return ExitCode.OK
    click.echo(f"tracekit: {badly}", err=True)
    return ExitCode.CHECK_FAILED


def _queries(workload: Any, query: Any) -> list[Any]:
    """The query that was given, or all of the workload's."""
    if query is not None or workload is None:
        return [query]
    from tracekit.experiment.source import resolve

    return list(resolve(workload).queries) or [None]


def _rows(text: str, queries: list[str]) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not equals and len(queries) != 1:
        raise ConfigError(
            f"--rows {text}: the shape has several queries. Write --rows QUERY={text}, with QUERY "
            f"one of {', '.join(queries)}"
        )
    if not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise ConfigError(f"--rows {text}: {number!r} is not a number of at least 1")
    return name or queries[0], int(number)
