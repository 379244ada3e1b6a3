"""Where files of results are stored: a folder shared by processes, or object storage."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from tracekit.errors import ExportError, ResultIncomplete
from tracekit.keyed.object_storage import open_url, said_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyarrow.fs import FileSystem

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
"""Only the service's own user can read records, whatever its umask is."""


class Place(Protocol):
    """Files by relative path; a file is either complete or absent."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file, replacing an older one.

        Raises:
            ExportError: it could not be written.
        """

    def read(self, path: str) -> bytes | None:
        """A file's content; None if it does not exist.

        Raises:
            ResultIncomplete: it could not be read.
        """

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, if they exist."""

    def names(self, folder: str) -> set[str]:
        """The files below `folder`, relative to it.

        Raises:
            ExportError: they could not be listed.
        """

    def folders(self) -> list[str]:
        """The folders at the top."""


def open_place(location: Path | str) -> Place:
    """The folder, or the object storage of a URL (s3://, gs://, abfs://, or any that fsspec knows).

    Raises:
        ConfigError: no installed library knows such a URL. The message does not repeat it, because
            it can include a password.
    """
    if isinstance(location, Path):
        return FolderPlace(location)
    return ObjectPlace(*open_url(location, name="TRACEKIT_RESULTS_DIR"))


class FolderPlace:
    """A folder on this machine, or one mounted by several machines."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, content: bytes) -> None:
        """Write a file under a temporary name until it is complete and on disk."""
        target = self._root / path
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        with _named_failure():
            _make_folder(target.parent)
            try:
                with open(unfinished, "xb", opener=_private) as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)

    def read(self, path: str) -> bytes | None:
        """A file's content."""
        return _read(lambda: (self._root / path).open("rb"))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, and folders that are then empty."""
        for path in paths:
            with suppress(OSError):
                target = self._root / path
                target.unlink(missing_ok=True)
                for folder in target.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()

    def names(self, folder: str) -> set[str]:
        """The files below `folder`, without incomplete ones."""
        top = self._root / folder
        return {
            str(Path(parent, name).relative_to(top))
            for parent, _, names in os.walk(top)
            for name in names
        }

    def folders(self) -> list[str]:
        """The folders at the top."""
        try:
            return [entry.name for entry in os.scandir(self._root) if entry.is_dir()]
        except OSError:
            return []


class ObjectPlace:
    """Object storage, through Arrow's file systems."""

    def __init__(self, files: FileSystem, root: str) -> None:
        self._files = files
        self._root = root.rstrip("/")

    def write(self, path: str, content: bytes) -> None:
        """Write an object; it appears once it is complete."""
        with _named_failure(), self._files.open_output_stream(f"{self._root}/{path}") as stream:
            stream.write(content)

    def read(self, path: str) -> bytes | None:
        """An object's content."""
        return _read(lambda: self._files.open_input_stream(f"{self._root}/{path}"))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove objects."""
        for path in paths:
            with suppress(OSError):
                self._files.delete_file(f"{self._root}/{path}")

    def names(self, folder: str) -> set[str]:
        """The objects below `folder`."""
        return self._list(f"{self._root}/{folder}", recursive=True, want="is_file")

    def folders(self) -> list[str]:
        """The first parts of the objects' names."""
        return sorted(self._list(self._root, recursive=False, want="is_dir"))

    def _list(self, top: str, *, recursive: bool, want: str) -> set[str]:
        from pyarrow.fs import FileSelector

        selector = FileSelector(top, allow_not_found=True, recursive=recursive)
        try:
            found = self._files.get_file_info(selector)
        except OSError as exc:
            said = said_of(exc)
            raise ExportError(f"TRACEKIT_RESULTS_DIR could not be listed: {said}.") from exc
        kind = {"is_file": 2, "is_dir": 3}[want]
        return {info.path.rstrip("/")[len(top) + 1 :] for info in found if int(info.type) == kind}


@contextmanager
def _named_failure() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ExportError(
            f"a chunk of the result could not be written to TRACEKIT_RESULTS_DIR: {said_of(exc)}. "
            "Free some space, or check that it is writable."
        ) from exc


def _read(open_file: Callable[[], AbstractContextManager[IO[bytes]]]) -> bytes | None:
    try:
        with open_file() as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise ResultIncomplete(
            f"a chunk of the result could not be read from TRACEKIT_RESULTS_DIR: {said_of(exc)}."
        ) from exc


def _make_folder(folder: Path) -> None:
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        with suppress(FileExistsError):
            missing.mkdir(mode=_FOLDER_MODE)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE_MODE)
