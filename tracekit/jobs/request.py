"""A job's request, as stored."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tracekit.errors import ResultIncomplete
from tracekit.jsonvalue import decode_typed
from tracekit.keyed import Query
from tracekit.records import QueryDefinition


@dataclass(frozen=True)
class JobRequest:
    """A request without its CIDs, which stay in the store, shard by shard."""

    profile: str
    domains: tuple[str, ...]
    """Names of its queries, in the result's order."""
    queries: str
    """Their definitions by name, as `encode_typed` writes them."""
    cids: int
    shards: int
    batch_size: int
    """Maximum number of records in a chunk."""
    ttl_seconds: int
    """How long the result is kept."""
    timeout_seconds: int
    """Time limit of all shards together, from the start of the first."""
    queue: str
    in_files: bool = False
    """Whether the chunks are kept as Parquet files, not in Redis."""
    warnings: tuple[tuple[str, str], ...] = ()

    def query(self, name: str) -> Query:
        """The query with that name."""
        definition = decode_typed(self.queries)[name]
        return Query.from_definition(QueryDefinition(**definition))

    @property
    def working_ttl_seconds(self) -> int:
        """How long keys of an unfinished job are kept after they were last written."""
        return self.ttl_seconds + self.timeout_seconds

    def to_json(self) -> bytes:
        """The request as it is stored."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, stored: bytes) -> JobRequest:
        """Read a stored request.

        Raises:
            ResultIncomplete: it is damaged.
        """
        try:
            return msgspec.json.decode(stored, type=cls)
        except msgspec.DecodeError as exc:
            raise ResultIncomplete(f"the job's description is damaged: {exc}") from exc
