"""The table of contents of a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tracekit.errors import JobError, ResultIncomplete
from tracekit.jobs.chunk import ChunkEntry

FILE_ENCODING = "parquet"


@dataclass(frozen=True)
class DomainContents:
    """The chunks of one domain, in order."""

    chunks: tuple[ChunkEntry, ...]
    cids_with_rows: int

    @property
    def rows(self) -> int:
        """Records in all chunks."""
        return sum(chunk.rows for chunk in self.chunks)

    def place(self, chunk: int) -> int:
        """Number of records before chunk number `chunk`."""
        return sum(entry.rows for entry in self.chunks[:chunk])


@dataclass(frozen=True)
class Manifest:
    """The contents of a finished result."""

    profile: str
    cids: int
    domains: Mapping[str, DomainContents]
    warnings: tuple[tuple[str, str], ...] = ()
    encoding: str = "json+zlib"
    """`parquet` if each chunk is a file; `json` in the layout before chunks."""
    schema_version: int = 1

    def contents(self, domain: str) -> DomainContents:
        """The contents of `domain`.

        Raises:
            JobError: the job does not include that domain.
        """
        try:
            return self.domains[domain]
        except KeyError:
            there = ", ".join(self.domains)
            raise JobError(
                f"the job does not include domain {domain[:80]!r}; it has {there}."
            ) from None

    @property
    def files(self) -> list[str]:
        """The names of the chunks' files; empty if the chunks are in Redis."""
        every = (chunk for contents in self.domains.values() for chunk in contents.chunks)
        return [chunk.file for chunk in every if chunk.file]

    @property
    def size_bytes(self) -> int:
        """Size of the chunks in the store."""
        return sum(
            chunk.size_bytes for contents in self.domains.values() for chunk in contents.chunks
        )

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, stored: bytes) -> Manifest:
        """Read a stored manifest.

        Raises:
            ResultIncomplete: it is damaged.
        """
        try:
            return msgspec.json.decode(stored, type=cls)
        except msgspec.DecodeError as exc:
            raise ResultIncomplete(f"the result's manifest is damaged: {exc}") from exc
