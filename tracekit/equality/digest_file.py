"""The file of one side's digests: an entry for each key, sorted, then totals of the columns.

Layout, little-endian: MAGIC; entries; the footer as JSON; its length (u64); MAGIC. An entry is u16
length of the key, u32 records, u8 levels, the key in UTF-8, then the digests of its two or three
levels: value, json and, unless it equals json, exact. Each digest is 16 bytes for the records in
order, then 16 for the multiset of records. A key whose UTF-8 is longer than 65,535 bytes is
refused.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

import msgspec

from tracekit.equality.pieces import LEVEL_BYTES, Piece
from tracekit.equality.schema import Schema
from tracekit.errors import ConfigError

MAGIC = b"tkdigst2"
_HEAD = struct.Struct("<HIB")
_LENGTH = struct.Struct("<Q")
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class DigestSummary:
    """A summary of one side's digests."""

    rows: int
    keys: int
    digest: str
    """Digest of the labels and digests of all keys in order, in hex."""
    seconds: float = 0.0
    """Seconds spent on digesting, without the fetch."""
    net_peak_bytes: int = 0
    """OS peak of the process while it digested, above its resident memory before."""


class LevelDigests(NamedTuple):
    """One key's digests, strictest level first."""

    exact: bytes
    json: bytes
    value: bytes


class KeyDigests(NamedTuple):
    """One key's entry."""

    key: str
    rows: int
    ordered: LevelDigests
    unordered: LevelDigests


@dataclass
class KindTotal:
    """The number of cells of one kind in a column, and one example."""

    count: int
    key: str | None
    """The smallest key with a cell of this kind; the example is its first."""
    example: str


@dataclass
class Footer:
    """Totals over all keys."""

    rows: int
    keys: int
    digest: str
    seconds: float
    net_peak_bytes: int
    checksum: int
    """CRC-32 of all entries."""
    columns: dict[str, dict[str, KindTotal]] = field(default_factory=dict)
    """For each column, the total of each `family:kind`."""
    orders: list[list[str]] = field(default_factory=list)
    """The first 64 orders of columns that occurred."""
    key_kinds: list[str] = field(default_factory=list)
    """Types of the keys, sorted."""
    schema: Schema = field(default_factory=Schema)
    """The columns that the side's tables declare."""
    python: str = field(default_factory=lambda: f"{sys.version_info[0]}.{sys.version_info[1]}")

    def summary(self) -> DigestSummary:
        """The summary that callers keep."""
        return DigestSummary(self.rows, self.keys, self.digest, self.seconds, self.net_peak_bytes)


def pack_entry(key: str, records: Piece) -> bytes:
    """The bytes of the entry of `key`, which has the records `records`.

    Raises:
        ConfigError: the key is too long.
    """
    name = key.encode()
    if len(name) > 0xFFFF:
        raise ConfigError(
            f"the key {key[:40]!r}... is longer than 65,535 bytes, which cannot be compared"
        )
    rows, sums = records
    if sums[2 * LEVEL_BYTES :] == sums[LEVEL_BYTES : 2 * LEVEL_BYTES]:
        sums = sums[: 2 * LEVEL_BYTES]
    return b"%b%b%b" % (_HEAD.pack(len(name), rows, len(sums) // LEVEL_BYTES), name, sums)


def write_footer(file: BinaryIO, footer: Footer) -> None:
    """End the file with `footer`."""
    data = msgspec.json.encode(footer)
    file.write(data)
    file.write(_LENGTH.pack(len(data)))
    file.write(MAGIC)


class DigestFile:
    """A finished digest file, read entry by entry."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self.footer, self._end = self._read_footer(file)
        except OSError as exc:
            raise ConfigError(f"digests {str(path)!r} could not be read: {exc}") from exc

    def _read_footer(self, file: BinaryIO) -> tuple[Footer, int]:
        size = self.path.stat().st_size
        tail = _LENGTH.size + len(MAGIC)
        if size < len(MAGIC) + tail or file.read(len(MAGIC)) != MAGIC:
            raise self._damaged("its start is wrong")
        file.seek(size - tail)
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if file.read() != MAGIC or length > size - tail - len(MAGIC):
            raise self._damaged("its end is missing, because its writer was not closed")
        end = size - tail - length
        file.seek(end)
        try:
            return msgspec.json.decode(file.read(length), type=Footer), end
        except msgspec.DecodeError as exc:
            raise self._damaged(str(exc)) from exc

    def _damaged(self, why: str) -> ConfigError:
        return ConfigError(f"{str(self.path)!r} is not a finished digest file: {why}")

    def __iter__(self) -> Iterator[KeyDigests]:
        """The entries by key."""
        with self.path.open("rb", buffering=_READ_BYTES) as file:
            file.seek(len(MAGIC))
            left, checksum = self._end - len(MAGIC), 0
            while left >= _HEAD.size:
                head = file.read(_HEAD.size)
                body = file.read(_body_length(head))
                left -= len(head) + len(body)
                checksum = crc32(body, crc32(head, checksum))
                try:
                    yield _entry(head, body)
                except UnicodeDecodeError as exc:
                    raise self._damaged(str(exc)) from exc
            if left or checksum != self.footer.checksum:
                raise self._damaged("its entries do not match their checksum")


def _body_length(head: bytes) -> int:
    key_length, _, levels = _HEAD.unpack(head)
    return int(key_length + levels * LEVEL_BYTES)


def _entry(head: bytes, body: bytes) -> KeyDigests:
    key_length, rows, _ = _HEAD.unpack(head)
    key = body[:key_length].decode()
    value, json, *exact = (
        (body[at : at + 16], body[at + 16 : at + LEVEL_BYTES])
        for at in range(key_length, len(body), LEVEL_BYTES)
    )
    in_order, as_set = zip(exact[0] if exact else json, json, value, strict=True)
    return KeyDigests(key, rows, LevelDigests(*in_order), LevelDigests(*as_set))
