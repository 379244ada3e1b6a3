"""A file that a command will write at its end."""

from __future__ import annotations

import os
from pathlib import Path

from tracekit.errors import ConfigError


def check_new_file(path: Path, *, force: bool) -> None:
    """Refuse, before the work, a file that could not be written after it.

    Args:
        path: The file.
        force: Whether it may exist.

    Raises:
        ConfigError: it exists, or its folder cannot be made or written to.
    """
    if path.exists() and not force:
        raise ConfigError(f"File already exists, will not overwrite without --force: {path}")
    folder = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not folder.is_dir():
        raise ConfigError(f"{path} cannot be written, because {folder} is not a directory")
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"{path} cannot be written, because {folder} is read-only")
