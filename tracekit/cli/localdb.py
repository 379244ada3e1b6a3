"""`tracekit localdb`: run a local Oracle in the foreground, or translate a statement."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click

from tracekit.cli.exit_code import ExitCode
from tracekit.cli.steps import Steps
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Translated, translate
from tracekit.testbed import LocalOracle

PASSWORD_VARIABLE = "TRACEKIT_LOCALDB_PASSWORD"  # noqa: S105 (a variable's name, no password)

_EXAMPLE = """\
connect with any Oracle driver, for example:
  python -c 'import oracledb; c = oracledb.connect(user="{user}", password="...", dsn="{dsn}"); \
print(c.cursor().execute("SELECT 1 FROM DUAL").fetchall())'
Ctrl-C stops the server."""


@click.command("localdb")
@click.argument("source", metavar="WORKLOAD|FILE|SHAPE|:memory:", required=False)
@click.option("--keys", type=click.IntRange(1), help="Size of the workload.")
@click.option(
    "--init",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="SCRIPT",
    help="Run this Oracle SQL first; statements end with ';' or a line '/'.",
)
@click.option(
    "--check",
    "statement",
    metavar="SQL",
    help="Do not serve; print the translation of a statement, or its error (exit code 1).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=1521,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
@click.option("--user", default="tracekit", show_default=True, help="User to log on as.")
@click.option("--allow-remote", is_flag=True, help="Allow a --host that other machines can reach.")
@click.option("--writable", is_flag=True, help="Let changes reach the DuckDB FILE.")
@click.option(
    "--sysdate", type=click.DateTime(), help="The value of SYSDATE [default: the workload's]."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Inject a fault, such as 'drop_after rows=5000 once'; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on stderr.")
@click.pass_context
def command(
    context: click.Context,
    source: str | None,
    keys: int | None,
    init: Path | None,
    statement: str | None,
    host: str,
    port: int,
    user: str,
    allow_remote: bool,
    writable: bool,
    sysdate: datetime | None,
    faults: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Serve a workload, a DuckDB file or an empty database as an Oracle.

    Prints how to connect and serves until Ctrl-C. The tables are in schema DWH, which is the
    current schema of every session. Changes stay in memory and are lost when the server stops,
    unless --writable is given. The password is random unless TRACEKIT_LOCALDB_PASSWORD is set.

    With --init a script in Oracle's dialect is run before serving; if one of its statements fails,
    its file, line and error are printed and nothing is served (exit code 2). With --check the
    statement is translated and printed, and nothing is served. tracekit/localdb/SQL.md lists the
    supported SQL.

    \b
    Examples:
      tracekit localdb trace-smoke --port 0
      tracekit localdb incident.duckdb --port 1521
      tracekit localdb :memory: --init schema.sql
      tracekit localdb trace-smoke --fault 'error code=1555 rows=5000 statement=LOTWIPHISTORY'
      tracekit localdb --check 'SELECT NVL(qty, 0) FROM lots WHERE ROWNUM <= :n'
    """
    if statement is not None:
        if source is not None or init is not None:
            raise click.UsageError("--check does not serve. Leave out the source and --init")
        context.exit(_check(statement, as_json=as_json))
    if source is None:
        raise click.UsageError(
            "nothing to serve. Name a workload, a DuckDB file or ':memory:', or use --check SQL"
        )
    password = os.environ.get(PASSWORD_VARIABLE)
    with ExitStack() as running:
        with Steps(quiet=quiet) as steps:
            local = running.enter_context(
                LocalOracle(
                    source,
                    keys=keys,
                    host=host,
                    port=port,
                    user=user,
                    password=password,
                    allow_remote=allow_remote,
                    writable=writable,
                    sysdate=sysdate,
                    faults=faults,
                    progress=steps.update,
                    init=init,
                )
            )
        _announce(local, shown_password=None if password else local.password, as_json=as_json)
        if not quiet:
            click.echo(_EXAMPLE.format(user=local.user, dsn=local.dsn), err=True)
        local.wait()


def _announce(local: LocalOracle, *, shown_password: str | None, as_json: bool) -> None:
    facts = {"dsn": local.dsn, "user": local.user}
    if shown_password:
        facts["password"] = shown_password
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name}={value}")


def _check(sql: str, *, as_json: bool) -> int:
    """Print the translation of a statement; returns the exit code."""
    sql = sql.strip().removesuffix(";")
    try:
        translated = translate(sql)
    except OraError as error:
        if as_json:
            click.echo(json.dumps({"error": str(error), "position": error.position}))
        else:
            click.echo(f"{error}\n{_pointed_at(sql, error.position)}")
        return ExitCode.CHECK_FAILED
    if as_json:
        facts = {
            "kind": translated.kind.value,
            "duckdb_sql": translated.duckdb_sql,
            "binds": list(translated.bind_names),
            "notes": _notes(translated),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return ExitCode.OK
    click.echo(translated.duckdb_sql or "(nothing to run)")
    if translated.bind_names:
        click.echo(f"binds: {', '.join(f':{name}' for name in translated.bind_names)}")
    for note in _notes(translated):
        click.echo(f"note: {note}")
    return ExitCode.OK


def _notes(translated: Translated) -> list[str]:
    """What the DuckDB text alone does not show."""
    notes = [f"a {translated.kind.value} statement"]
    if translated.control is not None:
        notes.append(f"acts on the session: {translated.control.value}")
    elif not translated.duckdb_sql and translated.definition is not None:
        notes.append("the table is rebuilt with the changed constraints")
    elif not translated.duckdb_sql:
        notes.append("running it gives ORA-03001: PL/SQL is not executed")
    if "ora_" in translated.duckdb_sql:
        notes.append("ora_... are functions of the local Oracle that behave like Oracle's")
    for parameter in translated.parameters:
        if parameter.is_list:
            count = len(parameter.bind_indexes)
            notes.append(f"${parameter.name} is one list of {count} binds")
    if translated.returning_into:
        notes.append(f"the last {len(translated.returning_into)} binds are filled by RETURNING")
    return notes


def _pointed_at(sql: str, position: int) -> str:
    """The line of `sql` with `position`, and a mark under it."""
    start = sql.rfind("\n", 0, position) + 1
    end = sql.find("\n", position)
    line = sql[start : end if end >= 0 else len(sql)]
    return f"  {line}\n  {' ' * (position - start)}^"
