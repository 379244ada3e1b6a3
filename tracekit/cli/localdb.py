"""`tracekit localdb`: a local Oracle in the foreground."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from datetime import datetime

import click

from tracekit.cli.steps import Steps
from tracekit.testbed import LocalOracle

PASSWORD_VARIABLE = "TRACEKIT_LOCALDB_PASSWORD"  # noqa: S105 (a variable's name, no password)

_EXAMPLE = """\
connect with any Oracle driver, for example:
  python -c 'import oracledb; c = oracledb.connect(user="{user}", password="...", dsn="{dsn}"); \
print(c.cursor().execute("SELECT 1 FROM DUAL").fetchall())'
Ctrl-C stops the server."""


@click.command("localdb")
@click.argument("source", metavar="WORKLOAD|FILE|:memory:")
@click.option("--cids", type=click.IntRange(1), help="Size of the workload.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=1521,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
@click.option("--user", default="tracekit", show_default=True, help="Name to log in with.")
@click.option("--allow-remote", is_flag=True, help="Permit a --host other machines can reach.")
@click.option("--writable", is_flag=True, help="Let changes reach the DuckDB FILE.")
@click.option("--sysdate", type=click.DateTime(), help="What SYSDATE is (default: the workload's).")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Misbehave, as in 'drop_after rows=5000 once'; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the connection as one JSON line.")
@click.option("-q", "--quiet", is_flag=True, help="No talk on stderr.")
def command(
    source: str,
    cids: int | None,
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
    current schema of every session. Changes live in memory and are gone when the server stops,
    unless --writable. The password is a new random one, or what TRACEKIT_LOCALDB_PASSWORD holds.

    \b
    Examples:
      tracekit localdb trace-smoke --port 0
      tracekit localdb incident.duckdb --port 1521
      tracekit localdb trace-smoke --fault 'error code=1555 rows=5000 statement=LOTWIPHISTORY'
    """
    password = os.environ.get(PASSWORD_VARIABLE)
    with ExitStack() as running:
        with Steps(quiet=quiet) as steps:
            local = running.enter_context(
                LocalOracle(
                    source,
                    cids=cids,
                    host=host,
                    port=port,
                    user=user,
                    password=password,
                    allow_remote=allow_remote,
                    writable=writable,
                    sysdate=sysdate,
                    faults=faults,
                    progress=steps.update,
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
