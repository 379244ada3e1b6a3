"""ROWIDs in their text form: 18 digits of base 64 for table, partition, block and slot."""

from __future__ import annotations

from typing import NamedTuple

from tracekit.localdb.ora_error import OraError

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TEXT_CHARS = 18
_WIDTHS = (6, 3, 6, 3)
_MOST = (2**32 - 1, 2**16 - 1, 2**32 - 1, 2**16 - 1)
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}


class Rowid(NamedTuple):
    """Where a row is."""

    table: int
    partition: int
    block: int
    slot: int


def read_rowid(text: str) -> Rowid:
    """The rowid that `text` states.

    Raises:
        OraError: ORA-01410, it is none.
    """
    parts: list[int] = []
    at = 0
    try:
        for width, most in zip(_WIDTHS, _MOST, strict=True):
            value = 0
            for digit in text[at : at + width]:
                value = value * 64 + _VALUES[digit]
            if value > most:
                raise KeyError
            parts.append(value)
            at += width
    except KeyError:
        raise _invalid() from None
    if len(text) != TEXT_CHARS:
        raise _invalid()
    return Rowid(*parts)


def _invalid() -> OraError:
    return OraError(1410, "invalid ROWID")
