"""Options for redirecting a program's Oracle connections."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from tracekit.cli.source_options import refuse_empty
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.programs.redirect import Redirect

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--workload",
        metavar="NAME|FILE",
        help="Redirect Oracle connections to a local Oracle that serves this workload.",
    ),
    click.option(
        "--database",
        "database_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.duckdb",
        help="Redirect Oracle connections to a local Oracle that serves this DuckDB file.",
    ),
    click.option(
        "--shape",
        "shape_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.json",
        help="Redirect Oracle connections to a local Oracle that serves rows generated from this "
        "shape (tracekit shape record). Recorded statements are recognised by their text.",
    ),
    click.option(
        "--dsn",
        metavar="HOST:PORT/SERVICE",
        help="Redirect Oracle connections to this database; user and password come from DB_USER "
        "and DB_PASSWORD.",
    ),
    click.option("--user", help="User to log on as at --dsn [default: DB_USER]."),
    click.option(
        "--keys",
        type=click.IntRange(1),
        metavar="N",
        help="Build the workload or shape with N keys [default: its own number].",
    ),
)


@dataclass(frozen=True)
class RedirectTo:
    """The target of connections; without options they are not redirected."""

    source: str | Path | None = None
    """A workload or a DuckDB file, to be served by a local Oracle."""
    dsn: str | None = None
    user: str | None = None
    keys: int | None = None

    @contextmanager
    def started(self, progress: Callable[[str, float], None]) -> Iterator[Redirect | None]:
        """The active redirect and its local Oracle; None if connections are not redirected.

        Raises:
            ConfigError: a setting is missing, or the target is invalid.
            WorkloadError: the workload is unknown or could not be built.
        """
        with ExitStack() as running:
            if self.source is not None:
                from tracekit.testbed import LocalOracle  # loads the SQL translation, too

                local = running.enter_context(
                    LocalOracle(self.source, keys=self.keys, progress=progress)
                )
                target = Redirect(
                    dsn=local.dsn,
                    user=local.user,
                    password=local.password,
                    named_hosts=configured_host(),
                )
            elif self.dsn is not None:
                target = self._named(self.dsn)
            else:
                yield None
                return
            yield running.enter_context(target)

    def _named(self, dsn: str) -> Redirect:
        settings = Settings.from_env()
        database = replace(settings.database, dsn=dsn, user=self.user or settings.database.user)
        if not database.user or not database.password:
            raise ConfigError(f"--dsn {dsn} needs DB_USER (or --user) and DB_PASSWORD to log on")
        return Redirect(
            dsn=dsn,
            user=database.user,
            password=database.password,
            named_hosts=configured_host(),
        )


def configured_host() -> tuple[str, ...]:
    """The database named in the environment, from which the program may read it."""
    host = os.environ.get("DB_HOST")
    return (f"{host}:{os.environ.get('DB_PORT') or 1521}",) if host else ()


def redirect_options(function: F) -> F:
    """Add the options to a command, which passes their values to `read_redirect`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_redirect(
    *,
    workload: str | None,
    database_file: Path | None,
    shape_file: Path | None,
    dsn: str | None,
    user: str | None,
    keys: int | None,
) -> RedirectTo:
    """Combine the options.

    Raises:
        ConfigError: two of them name a target, or one needs another that is not given.
    """
    refuse_empty({"--workload": workload, "--dsn": dsn, "--user": user})
    given = {
        "--workload": workload,
        "--database": database_file,
        "--shape": shape_file,
        "--dsn": dsn,
    }
    named = [option for option, value in given.items() if value is not None]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)} cannot be used together; give only one")
    if user is not None and dsn is None:
        raise ConfigError(f"--user {user} needs --dsn, which is not given")
    if keys is not None and workload is None and shape_file is None:
        raise ConfigError(f"--keys {keys} needs --workload or --shape; neither is given")
    for option, file in (("--database", database_file), ("--shape", shape_file)):
        if file is not None and not file.is_file():
            raise ConfigError(f"{option} {file}: the file does not exist")
    return RedirectTo(database_file or shape_file or workload, dsn, user, keys)
