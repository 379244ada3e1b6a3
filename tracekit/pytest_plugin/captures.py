"""Where memray writes while tests are measured."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

_LONGEST_NAME = 150


class Captures:
    """A folder of captures: kept if the user named one, otherwise removed with the session."""

    def __init__(self, kept_dir: Path | None) -> None:
        self.kept = kept_dir is not None
        self._dir = kept_dir
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def path(self, name: str) -> Path:
        """The file for the capture of the test or callable `name`."""
        if self._dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="tracekit-")
            self._dir = Path(self._temporary.name)
        self._dir.mkdir(parents=True, exist_ok=True)
        return self._dir / f"memray-{_file_name(name)}.bin"

    def drop(self, capture: Path) -> None:
        """`capture` was read; delete it unless captures are kept."""
        if not self.kept:
            capture.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder unless it is kept."""
        if self._temporary is not None:
            self._temporary.cleanup()


def _file_name(name: str) -> str:
    """`name` as a file name; if it had to change, a hash keeps names distinct."""
    plain = re.sub(r"[^\w.\-]+", "-", name)
    if plain == name and len(plain) <= _LONGEST_NAME:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[:_LONGEST_NAME].strip('-')}-{digest}"
