"""How a column is described to a client, and rows as the bytes that go out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class OracleType(IntEnum):
    """Type numbers of the wire (`oracle_net` section 1)."""

    VARCHAR2 = 1
    NUMBER = 2
    BINARY_INTEGER = 3
    LONG = 8
    ROWID = 11
    DATE = 12
    RAW = 23
    LONG_RAW = 24
    CHAR = 96
    BINARY_FLOAT = 100
    BINARY_DOUBLE = 101
    CURSOR = 102
    CLOB = 112
    BLOB = 113
    TIMESTAMP = 180
    TIMESTAMP_TZ = 181
    INTERVAL_YM = 182
    INTERVAL_DS = 183
    UROWID = 208
    TIMESTAMP_LTZ = 231
    BOOLEAN = 252


@dataclass(frozen=True)
class ColumnDescription:
    """One column of a result as the describe message tells it."""

    name: str
    type: OracleType
    precision: int = 0
    scale: int = 0
    buffer_bytes: int = 0
    """Largest value in bytes; 0 means the client is sent no bytes at all (except LONG)."""
    max_chars: int = 0
    charset_form: int = 0
    """0 for no text, 1 for the database charset (UTF-8), 2 for the national one (UTF-16BE)."""
    nullable: bool = True
    zone_minutes: int = 0
    """Of local time zone: the minutes east of UTC that its instants are sent in."""


@dataclass(frozen=True)
class EncodedRows:
    """Consecutive rows as their wire image: row i is `data[offsets[i]:offsets[i + 1]]`.

    Each row starts with the row-data message byte 0x07, so any run of rows is one slice.
    """

    data: memoryview
    offsets: npt.NDArray[np.int64]
    """One more than there are rows; the first need not be 0."""

    @property
    def row_count(self) -> int:
        """How many rows the image holds."""
        return len(self.offsets) - 1
