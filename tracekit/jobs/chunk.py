"""Chunks: some records as one compressed JSON array, with a checksum."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracekit.errors import ResultIncomplete
from tracekit.jsonvalue import encode_typed
from tracekit.keyed import Key

_LEVEL = 1  # records are repetitive: level 1 leaves a tenth, and higher levels only take longer


@dataclass(frozen=True)
class ChunkEntry:
    """A chunk's entry in the manifest."""

    rows: int
    size_bytes: int
    """Compressed size, as stored."""
    sha256: str
    """Checksum of the stored bytes."""
    file: str = ""
    """The chunk's file, if the result is kept in files."""


def pack(records: Sequence[bytes]) -> tuple[ChunkEntry, bytes]:
    """A chunk of records that are already JSON."""
    packer = zlib.compressobj(_LEVEL)
    pieces = [packer.compress(piece) for piece in _array(records)]
    stored = b"".join((*pieces, packer.flush()))
    return ChunkEntry(len(records), len(stored), hashlib.sha256(stored).hexdigest()), stored


def unpack(stored: bytes | None, entry: ChunkEntry, name: str) -> bytes:
    """The JSON array in `stored`.

    Raises:
        ResultIncomplete: it is missing or does not match `entry`; the message has `name`.
    """
    if stored is None:
        raise ResultIncomplete(f"chunk {name} is missing: deleted, evicted or expired.")
    if hashlib.sha256(stored).hexdigest() != entry.sha256:
        raise ResultIncomplete(f"chunk {name} is damaged: its checksum is wrong.")
    return zlib.decompress(stored)


def pack_keys(keys: Iterable[Key]) -> bytes:
    """Keys, compressed."""
    return zlib.compress(encode_typed(list(keys)), _LEVEL)


def _array(records: Sequence[bytes]) -> Iterable[bytes]:
    yield b"["
    for index, record in enumerate(records):
        if index:
            yield b","
        yield record
    yield b"]"
