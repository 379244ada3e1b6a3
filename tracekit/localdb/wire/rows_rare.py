"""Encode BOOLEAN, INTERVAL YEAR TO MONTH and ROWID as wire fields."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.primitives import TtcWriter
from tracekit.localdb.wire.rowid import Rowid, rowid_of, rowid_of_text
from tracekit.localdb.wire.rows_layout import INT64, fixed_binary, of_fields, slots, valid_mask
from tracekit.localdb.wire.rows_time import MONTH_DAY_NANO

NULL_FIELD = b"\0"
_PHYSICAL = struct.Struct(">BIHIH")
"""The kind, table, partition, block and slot of a physical rowid in a UROWID."""
_FALSE, _TRUE = b"\x01\x00", b"\x02\x01\x01"
_YEAR_MONTH = np.dtype([("length", "u1"), ("years", ">u4"), ("months", "u1")])
_MONTHS_PER_YEAR = 12


def boolean_part(array: pa.Array) -> pa.Array:
    """Encode BOOLEANs as `write_bool` in python-oracledb does."""
    count = len(array)
    bits = np.frombuffer(array.buffers()[1], np.uint8)
    held = np.unpackbits(bits, count=array.offset + count, bitorder="little")[array.offset :]
    valid = valid_mask(array)
    fields = [_TRUE if bit else _FALSE for bit in held.tolist()]
    if valid is not None:
        fields = [
            field if is_valid else NULL_FIELD
            for field, is_valid in zip(fields, valid.tolist(), strict=True)
        ]
    return of_fields(fields)


def year_month_part(array: pa.Array) -> pa.Array:
    """Encode month_day_nano intervals as INTERVAL YEAR TO MONTH.

    Raises:
        OraError: ORA-01867 if an interval is not a whole number of months.
    """
    values = slots(array, 1, MONTH_DAY_NANO)
    valid = valid_mask(array)
    if valid is not None:
        values = np.where(valid, values, np.zeros(1, dtype=MONTH_DAY_NANO))
    if np.any(values["days"]) or np.any(values["nanoseconds"]):
        raise OraError(1867, "the interval is invalid: it has days in a YEAR TO MONTH column")
    months = values["months"].astype(np.int64)
    sign = np.where(months < 0, -1, 1)
    years, rest = np.divmod(np.abs(months), _MONTHS_PER_YEAR)
    records = np.empty(len(array), dtype=_YEAR_MONTH)
    records["length"] = 5
    records["years"] = sign * years + 2**31
    records["months"] = sign * rest + 60
    return fixed_binary(records, valid)


def rowid_part(array: pa.Array) -> pa.Array:
    """Encode ROWIDs from row numbers or texts."""
    if not pa.types.is_int64(array.type):
        texts = array.to_pylist()
        return of_fields(
            [NULL_FIELD if text is None else _field(rowid_of_text(text)) for text in texts]
        )
    numbers = slots(array, 1, INT64).tolist()
    valid = valid_mask(array)
    held = [True] * len(numbers) if valid is None else valid.tolist()
    pairs = zip(numbers, held, strict=True)
    return of_fields(
        [_field(rowid_of(number)) if is_held else NULL_FIELD for number, is_held in pairs]
    )


def urowid_part(array: pa.Array) -> pa.Array:
    """Encode UROWIDs from texts: the length twice, then a physical rowid."""
    fields: list[bytes] = []
    for text in array.to_pylist():
        if text is None:
            fields.append(NULL_FIELD)
            continue
        held = _PHYSICAL.pack(1, *rowid_of_text(text))
        fields.append(bytes((1, len(held), len(held))) + held)
    return of_fields(fields)


def _field(rowid: Rowid) -> bytes:
    writer = TtcWriter()
    writer.u8(1)  # the client only checks whether it is 0
    writer.ub(rowid.table, rowid.partition)
    writer.u8(0)
    writer.ub(rowid.block, rowid.slot)
    return bytes(writer)
