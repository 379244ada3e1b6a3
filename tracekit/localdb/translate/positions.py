"""Where one text stands in another: INSTR with a start and an occurrence."""

from __future__ import annotations

from typing import TypeVar

from tracekit.localdb.ora_error import OraError

_Text = TypeVar("_Text", str, bytes)


def nth_position(text: _Text, part: _Text, start: int, occurrence: int) -> int:
    """The place, from 1 on, of an occurrence of `part`; 0 if there are fewer.

    Args:
        text: Is looked through.
        part: Is looked for; occurrences may overlap.
        start: The first place that counts; from the end, and backwards, if it is negative.
        occurrence: Which one, from 1 on.

    Raises:
        OraError: ORA-01428, the occurrence is below 1.
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
