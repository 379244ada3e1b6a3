"""Remove what must not leave the machine: bind values, machine paths, lines of code.

Keys are bind values. A confidential report shows each as a short handle (`key-3f2a9c`), the same
for the same key everywhere, so that differences can still be identified and found again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePath

from tracekit.records import ReplaySummary

# An error message may contain a key that no record names; many keys have 16 characters.
_LIKE_A_KEY = re.compile(r"(?<![0-9A-Za-z])(?=[A-Za-z]*[0-9])[0-9A-Za-z]{16}(?![0-9A-Za-z])")
_WHOLE_WORD = r"(?<![0-9A-Za-z])(?:{})(?![0-9A-Za-z])"
_QUOTED_PATH = re.compile(r"""(["'])(?:~|[A-Za-z]:)?[/\\][^"'\n]+\1""")
_BARE_PATH = re.compile(r"""(?<![\w.~:/])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\:'",;()<>|]+){2,}""")
_LOCATION = re.compile(r"(.*?):((?:[A-Za-z]:[/\\])?[^:]*):(\d+)", re.DOTALL)
"""A C++ function may contain colons, and a file may begin with a drive."""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SHORT_NUMBER = re.compile(r"-?[0-9]{1,3}")
"""Such a key is not replaced in free text, where it could be any count."""
_HANDLE_DIGITS = 6


def handle(key: str) -> str:
    """The short name of `key` in a confidential report."""
    return f"key-{hashlib.sha256(key.encode('utf-8')).hexdigest()[:_HANDLE_DIGITS]}"


class Redactor:
    """Removes from the texts of one report what must not leave the machine, or nothing."""

    def __init__(self, summary: ReplaySummary | None = None, *, confidential: bool = True) -> None:
        self.confidential = confidential
        self._key_columns = tuple(
            column.upper() for column in (summary.workload.key_columns if summary else ())
        )
        known = sorted(set(_known_keys(summary)) if summary else (), key=len, reverse=True)
        self._known = (
            re.compile(_WHOLE_WORD.format("|".join(map(re.escape, known)))) if known else None
        )

    def key(self, key: str) -> str:
        """`key`, or its handle in a confidential report."""
        return handle(key) if self.confidential else key

    def value(self, column: str | None, value: str | None) -> str | None:
        """The text of a cell of `column`, with handles in place of keys."""
        if value is None or not self.confidential:
            return value
        if _NUMBER.fullmatch(value) and not self._holds_keys(column):
            return value
        masked = self._without_keys(value)
        return handle(value) if masked == value and self._holds_keys(column) else masked

    def prose(self, text: str) -> str:
        """Free text, such as an error: without keys, and with file names in place of paths."""
        if not self.confidential:
            return text
        text = _QUOTED_PATH.sub(lambda m: m[1] + _base_name(m[0][1:-1]) + m[1], text)
        text = _BARE_PATH.sub(lambda m: _base_name(m[0]), text)
        return self._without_keys(text)

    def traceback(self, text: str) -> str:
        """`prose` of a traceback without its lines of code, which Python indents by four."""
        if not self.confidential:
            return text
        kept = (line for line in text.splitlines() if not line.startswith("    "))
        return self.prose("\n".join(kept))

    def location(self, location: str) -> str:
        """A location `function:file:line` with its file relative to the package folder."""
        location = _in_package(location)
        function, file, line = split_location(location)
        if not self.confidential or not file:
            return location
        parts = PurePath(file.replace("\\", "/")).parts
        if file.startswith(("/", "~")) or ":" in file:
            parts = parts[-2:] if len(parts) > 2 else parts[-1:]
        return ":".join(filter(None, (function, "/".join(parts), line)))

    def _holds_keys(self, column: str | None) -> bool:
        # By prefix: CONTAINERIDS lists several values of CONTAINERID.
        return bool(self._key_columns and column and column.upper().startswith(self._key_columns))

    def _without_keys(self, text: str) -> str:
        if self._known:
            text = self._known.sub(lambda m: handle(m[0]), text)
        return _LIKE_A_KEY.sub(lambda m: handle(m[0]), text)


def _in_package(location: str) -> str:
    """`location` without the folder of an environment's packages."""
    function, file, line = split_location(location)
    _, found, module = file.replace("\\", "/").rpartition("/site-packages/")
    return f"{function}:{module}:{line}" if found else location


def split_location(location: str) -> tuple[str, str, str]:
    """Function, file and line of `function:file:line`; file and line may be empty."""
    found = _LOCATION.fullmatch(location)
    return (found[1], found[2], found[3]) if found else (location, "", "")


def _base_name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _known_keys(summary: ReplaySummary) -> Iterator[str]:
    for proof in summary.proof.candidates.values():
        for difference in proof.examples:
            if difference.key and not _SHORT_NUMBER.fullmatch(difference.key):
                yield difference.key
