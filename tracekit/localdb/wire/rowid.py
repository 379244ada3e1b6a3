"""ROWIDs: a row number as table, partition, block and slot.

Their text form, 18 digits of base 64, is the client's business, and that of the macros `ora_rowid`
and `ora_rowid_number`.
"""

from __future__ import annotations

from typing import NamedTuple

TABLE = 1
"""All tables: a rowid with zeros everywhere would be none to clients."""
_SLOT_BITS = 16
_BLOCK_BITS = 32
_UNCOMMITTED_BIT = 62
"""DuckDB counts the rows that an open transaction inserted from 2 ** 62 on."""


class Rowid(NamedTuple):
    """Where a row is."""

    table: int
    partition: int
    block: int
    slot: int


def rowid_of(number: int) -> Rowid:
    """The rowid of DuckDB's row `number`."""
    block = (number >> _SLOT_BITS) & ((1 << _BLOCK_BITS) - 1)
    slot = number & ((1 << _SLOT_BITS) - 1)
    return Rowid(TABLE, number >> _UNCOMMITTED_BIT, block, slot)
