"""`tracekit deploy`: files for running the trace service permanently."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

import click

from tracekit.cli.output_options import write_text
from tracekit.cli.size_type import SizeType
from tracekit.cli.systemd_units import Deployment, unit_files
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.sizes import format_size

_WORKER_SHARE = 0.75
"""The largest share of a worker unit's memory that the limit of a shard's process may take."""
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}", re.ASCII)
_BIND = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}|unix:/[A-Za-z0-9_./-]+", re.ASCII
)
_HIGHEST_PORT = 65_535


@click.group("deploy")
def command() -> None:
    """Write the files for running the trace service on a machine permanently."""


@command.command("systemd")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder to write to; it is created if needed.",
)
@click.option("-f", "--force", is_flag=True, help="Replace existing files.")
@click.option(
    "--python",
    type=click.Path(path_type=PurePosixPath),
    default=PurePosixPath(sys.executable),
    help="Python on that machine with tracekit[service] installed [default: the current one].",
)
@click.option("--user", default="tracekit", show_default=True, help="User and group to run as.")
@click.option(
    "--listen",
    "bind",
    default="127.0.0.1:8114",
    show_default=True,
    help="Address the web process listens on: HOST:PORT or unix:/PATH.",
)
@click.option(
    "--environment-file",
    type=click.Path(path_type=PurePosixPath),
    default=PurePosixPath("/etc/tracekit/tracekit.env"),
    show_default=True,
    help="Path of the settings file on that machine.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 512),
    help="Number of workers [default: TRACE_WORKER_COUNT].",
)
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True)
@click.option(
    "--web-memory",
    type=SizeType(),
    default="2GiB",
    show_default=True,
    help="MemoryMax of the web process.",
)
@click.option(
    "--worker-memory",
    type=SizeType(),
    default="1GiB",
    show_default=True,
    help="MemoryMax of a worker, including the process of its shard.",
)
@click.option("-q", "--quiet", is_flag=True, help="Do not print the next steps.")
def systemd(
    folder: Path,
    force: bool,
    python: PurePosixPath,
    user: str,
    bind: str,
    environment_file: PurePosixPath,
    workers: int | None,
    threads: int,
    web_memory: int,
    worker_memory: int,
    quiet: bool,
) -> None:
    """Write systemd units for the web process and its workers, and an .env.example.

    The units are hardened and have memory limits. They read the settings (database, Redis, token)
    from an environment file, for which .env.example is the template. MemoryHigh is 7/8 of
    MemoryMax. The paths of the written files are printed on stdout.

    \b
    Examples:
      tracekit deploy systemd -o deploy
      TRACE_WORKER_COUNT=4 tracekit deploy systemd -o deploy --force --worker-memory 768MiB
    """
    settings = Settings.from_env()
    _check(user, bind, settings.trace.worker_memory_limit_bytes, worker_memory)
    results_dir = settings.trace.results_dir
    deployment = Deployment(
        python=python,
        user=user,
        bind=bind,
        environment_file=environment_file,
        workers=workers or settings.trace.worker_count,
        threads=threads,
        web_memory_bytes=web_memory,
        worker_memory_bytes=worker_memory,
        stop_seconds=120,
        results_dir=results_dir if isinstance(results_dir, Path) else None,
    )
    _write(folder, unit_files(deployment), force=force)
    if not quiet:
        click.echo(_next_steps(folder, deployment), err=True)


def _check(user: str, bind: str, limit_bytes: int | None, worker_memory: int) -> None:
    if not _USER.fullmatch(user):
        raise ConfigError(f"--user {user!r}: expected the name of a system user")
    if not _BIND.fullmatch(bind):
        raise ConfigError(f"--listen {bind!r}: expected HOST:PORT or unix:/path/of/socket")
    port = bind.rpartition(":")[2]
    if port.isdigit() and not 1 <= int(port) <= _HIGHEST_PORT:
        raise ConfigError(f"--listen {bind!r}: a port is a number from 1 to {_HIGHEST_PORT}")
    if limit_bytes is not None and limit_bytes > _WORKER_SHARE * worker_memory:
        raise ConfigError(
            f"TRACEKIT_WORKER_MEMORY_LIMIT={format_size(limit_bytes)} is too close to "
            f"--worker-memory {format_size(worker_memory)}: the kernel would kill the worker "
            "before the limit takes effect. Set the limit to at most three quarters of the other."
        )


def _write(folder: Path, files: dict[str, str], *, force: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"the folder {folder} could not be created: {exc.strerror}") from exc
    if not force:  # all or none
        for name in files:
            if (folder / name).exists():
                raise ConfigError(
                    f"File already exists, will not overwrite without --force: {folder / name}"
                )
    for name, text in files.items():
        write_text(folder / name, text, force=force)
        with suppress(BrokenPipeError):
            click.echo(folder / name)


def _next_steps(folder: Path, deployment: Deployment) -> str:
    place = deployment.environment_file
    return f"""\
To install, as root:
  useradd --system --home-dir /var/lib/tracekit --shell /usr/sbin/nologin {deployment.user}
  install -D -m 0600 {folder}/.env.example {place}   # then fill it in
  install -m 0644 {folder}/tracekit* /etc/systemd/system/
  systemctl daemon-reload && systemctl enable --now tracekit.target"""
