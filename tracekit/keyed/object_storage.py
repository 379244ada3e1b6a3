"""Object storage by its URL: s3://, gs://, abfs:// through Arrow, anything else through fsspec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tracekit.errors import ConfigError, ExportError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(path: object) -> bool:
    """Whether `path` is a URL, not a path of this machine."""
    return isinstance(path, str) and _URL.match(path) is not None


def shown(url: str) -> str:
    """`url` without its possibly secret parts: user, password and options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def open_url(url: str, *, name: str) -> tuple[FileSystem, str]:
    """The file system for `url`, and the path in it.

    Args:
        url: The URL; it may hold a password, so no message repeats all of it.
        name: The setting or argument that holds the URL, for messages.

    Raises:
        ConfigError: neither pyarrow nor fsspec can open such a URL.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    scheme = url.partition(":")[0]
    try:
        found: tuple[FileSystem, str] = FileSystem.from_uri(url)
        return found
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
        try:
            from fsspec.core import url_to_fs

            files, root = url_to_fs(url)
        except (ImportError, ValueError):
            raise ConfigError(
                f"{name}: neither pyarrow nor fsspec can open a {scheme}:// URL "
                f"({type(exc).__name__}). Install the fsspec implementation of {scheme}."
            ) from None
        return PyFileSystem(FSSpecHandler(files)), root


def upload(file: Path, url: str) -> None:
    """Copy a file to `url`; the object appears once all of it was sent.

    Raises:
        ConfigError: no installed library can open such a URL.
        ExportError: it could not be written.
    """
    from pyarrow.fs import LocalFileSystem, copy_files

    files, target = open_url(url, name="the path")
    try:
        copy_files(
            str(file), target, source_filesystem=LocalFileSystem(), destination_filesystem=files
        )
    except OSError as exc:
        raise ExportError(
            f"{shown(url)} could not be written: {said_of(exc)}. Nothing was left there."
        ) from exc


def said_of(error: OSError) -> str:
    """The error's message, without the address that Arrow's messages end with."""
    return error.strerror or str(error).partition(":")[0][:200]
