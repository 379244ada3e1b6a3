"""Options for where a command writes: the folder of a run, or a file instead of stdout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tracekit.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def run_folder_options(function: F) -> F:
    """Give a command --output and --force for the folder of its run, as `output` and `force`."""
    force = click.option("-f", "--force", is_flag=True, help="Replace an older run in --output.")
    output = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder for the run [default: a new one under profiles/runs].",
    )
    return output(force(function))


def output_file_options(function: F) -> F:
    """Give a command --output and --force for one file, as `output` and `force`."""
    force = click.option("-f", "--force", is_flag=True, help="Replace an existing --output.")
    output = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="File to write instead of stdout.",
    )
    return output(force(function))


def write_text(output: Path, text: str, *, force: bool) -> None:
    """Write `text` to `output`, which must not exist unless `force`.

    Raises:
        ConfigError: it exists, or cannot be written.
    """
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            f"File already exists, will not overwrite without --force: {output}"
        ) from None
    except OSError as exc:
        raise ConfigError(f"{output} could not be written: {exc}") from exc
