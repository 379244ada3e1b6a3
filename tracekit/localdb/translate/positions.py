"""Find text in text: INSTR with a start and an occurrence."""

from __future__ import annotations

from typing import TypeVar

from tracekit.localdb.ora_error import OraError

_Text = TypeVar("_Text", str, bytes)


def nth_position(text: _Text, part: _Text, start: int, occurrence: int) -> int:
    """The position of an occurrence of `part`, starting with 1; 0 if there are fewer.

    Args:
        text: The text to search.
        part: The text to find; occurrences can overlap.
        start: The first position; a negative one counts from the end and searches backwards.
        occurrence: The number of the occurrence, starting with 1.

    Raises:
        OraError: ORA-01428 if the occurrence is below 1.
    """
    if occurrence < 1:
        raise OraError(1428, f"argument '{occurrence}' is out of range")
    if start == 0:
        return 0
    if start > 0:
        found = start - 2
        for _ in range(occurrence):
            found = text.find(part, found + 1)
            if found < 0:
                return 0
        return found + 1
    end = len(text) + start + len(part)
    for _ in range(occurrence):
        found = text.rfind(part, 0, max(end, 0))
        if found < 0:
            return 0
        end = found + len(part) - 1
    return found + 1
