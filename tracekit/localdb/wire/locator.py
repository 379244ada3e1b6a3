"""LOB locators, which refer to a LOB in rows, binds and LOB operations.

Clients read the first eight bytes (`impl/thin/lob.pyx` in python-oracledb): the length of the rest,
a version, and flags. The rest is our own: the position of the data, and a code that only the
session that made the locator can compute.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from tracekit.localdb.wire.column import OracleType

LOCATOR_BYTES = 40
NATIONAL_FORM = 2

_VERSION = 4
_INITIALISED = 0x08
_TEXT_IS_UTF16 = 0x80
_TEMPORARY = 0x01
_KINDS = {(OracleType.BLOB, 0): 0x01, (OracleType.CLOB, 1): 0x02, (OracleType.CLOB, 2): 0x04}
_TYPES = {flag: kind for kind, flag in _KINDS.items()}
_BODY = struct.Struct(">HHBBBBQQII")
_CODE_BYTES = LOCATOR_BYTES - _BODY.size


@dataclass(frozen=True)
class Locator:
    """The LOB that a locator refers to.

    Text is stored as UTF-16BE, so a unit of offsets and amounts is two bytes.
    """

    type: OracleType
    """CLOB or BLOB."""
    charset_form: int
    """0 for BLOB, 1 for CLOB, 2 for NCLOB."""
    first: int
    """The number of a temporary LOB; otherwise the position of its bytes in their segment."""
    size_bytes: int = 0
    segment: int = 0
    temporary: bool = False
    locked: int = 0
    """The number of a LOB whose row was locked when it was read; otherwise 0."""

    @property
    def unit_bytes(self) -> int:
        """The size of a unit of offsets and amounts."""
        return 1 if self.type is OracleType.BLOB else 2


def make_locator(locator: Locator, key: bytes) -> bytes:
    """Encode a locator; `key` is the session's secret."""
    body = _BODY.pack(
        LOCATOR_BYTES - 2,
        _VERSION,
        _KINDS[locator.type, locator.charset_form],
        _INITIALISED,
        0 if locator.type is OracleType.BLOB else _TEXT_IS_UTF16,
        _TEMPORARY if locator.temporary else 0,
        locator.first,
        locator.size_bytes,
        locator.segment,
        locator.locked,
    )
    return body + _code(body, key)


def read_locator(data: bytes, key: bytes) -> Locator | None:
    """Decode a locator; None if it was not made with `key`."""
    if len(data) != LOCATOR_BYTES or _code(data[: _BODY.size], key) != data[_BODY.size :]:
        return None
    _, _, kind, _, _, temporary, first, size_bytes, segment, locked = _BODY.unpack_from(data)
    oracle_type, form = _TYPES[kind]
    return Locator(oracle_type, form, first, size_bytes, segment, bool(temporary), locked)


def _code(body: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CODE_BYTES, key=key).digest()
