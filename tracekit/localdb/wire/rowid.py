"""ROWIDs: a row number as table, partition, block and slot.

Clients, and the macros `ora_rowid` and `ora_rowid_number`, convert them to and from text, 18 digits
of base 64.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from tracekit.localdb.ora_error import OraError

TABLE = 1
"""The table number in all rowids; clients read a rowid of zeros as none."""
_DIGITS = ascii_uppercase + ascii_lowercase + digits + "+/"
_SLOT_BITS = 16
_BLOCK_BITS = 32
_FIRST_UNCOMMITTED = 36_028_797_018_960_000
"""DuckDB numbers the rows that an open transaction inserts from here on."""


class Rowid(NamedTuple):
    """The parts of a rowid."""

    table: int
    partition: int
    block: int
    slot: int


_TEXT_DIGITS = re.compile(r"[A-Za-z0-9+/]{18}")
_FIELDS = (slice(0, 6), slice(6, 9), slice(9, 15), slice(15, 18))


def rowid_of_text(text: str) -> Rowid:
    """Parse a rowid of 18 base-64 digits.

    Raises:
        OraError: ORA-01410 if the text is not a rowid.
    """
    if not _TEXT_DIGITS.fullmatch(text):
        raise OraError(1410, "invalid ROWID")
    return Rowid(*(_value(text[one]) for one in _FIELDS))


def text_of_rowid(rowid: Rowid) -> str:
    """The 18 base-64 digits of a rowid."""
    widths = (one.stop - one.start for one in _FIELDS)
    return "".join(_digits(*one) for one in zip(rowid, widths, strict=True))


def _digits(value: int, width: int) -> str:
    return "".join(_DIGITS[value >> 6 * place & 63] for place in reversed(range(width)))


def _value(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS.index(digit)
    return value


def rowid_of(number: int) -> Rowid:
    """The rowid of DuckDB's row `number`."""
    uncommitted = number >= _FIRST_UNCOMMITTED
    if uncommitted:
        number -= _FIRST_UNCOMMITTED
    block = (number >> _SLOT_BITS) & ((1 << _BLOCK_BITS) - 1)
    slot = number & ((1 << _SLOT_BITS) - 1)
    return Rowid(TABLE, int(uncommitted), block, slot)
