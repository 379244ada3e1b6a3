"""Descriptions of columns, and encoded rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class OracleType(IntEnum):
    """The type numbers of the protocol (`oracle_net` section 1)."""

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
    """A column of a result, as the describe message describes it."""

    name: str
    type: OracleType
    precision: int = 0
    scale: int = 0
    buffer_bytes: int = 0
    """The largest value in bytes; 0 means that no bytes are sent for the column (except LONG)."""
    max_chars: int = 0
    charset_form: int = 0
    """1 for text in the database charset (UTF-8), 2 in the national one (UTF-16BE), otherwise 0."""
    nullable: bool = True
    zone_minutes: int = 0
    """For WITH LOCAL TIME ZONE: the offset, in minutes east of UTC, in which instants are sent."""


@dataclass(frozen=True)
class EncodedRows:
    """Consecutive rows as they are sent: row i is `data[offsets[i]:offsets[i + 1]]`.

    Each row starts with the message byte for row data, 0x07, so any run of rows is one slice.
    """

    data: memoryview
    offsets: npt.NDArray[np.int64]
    """One more than the number of rows; the first need not be 0."""

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return len(self.offsets) - 1
