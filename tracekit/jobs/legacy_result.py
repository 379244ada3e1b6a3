"""Results in the layout before chunks: one key with everything, still readable.

The key holds JSON, plain or zlib-compressed: `{"results": {DOMAIN: {"data": [...], "count": N}}}`.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from tracekit.errors import ResultIncomplete
from tracekit.jobs.chunk import ChunkEntry
from tracekit.jobs.keys import is_job_id
from tracekit.jobs.manifest import DomainContents, Manifest
from tracekit.jobs.redis_types import as_bytes
from tracekit.jobs.store import JobStore
from tracekit.jsonvalue import encode

_CHUNK_ROWS = 5000
_CID_COLUMN = "CONTAINERID"


class LegacyResult:
    """A whole result in memory, cut into chunks for its readers.

    Args:
        document: The key's content.

    Raises:
        ResultIncomplete: a domain does not have its stated number of records.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._records: dict[str, list[dict[str, Any]]] = {}
        for domain, part in document["results"].items():
            if len(part["data"]) != part.get("count", len(part["data"])):
                raise ResultIncomplete(
                    f"domain {domain!r} has {len(part['data']):,} records, not {part['count']:,}"
                )
            self._records[domain] = part["data"]
        self.document = {**document, "results": self._parts()}
        cids = {one.get(_CID_COLUMN) for records in self._records.values() for one in records}
        self.manifest = Manifest(
            profile=str(document.get("profile", "")),
            cids=int(document.get("cid_count", len(cids))),
            domains={domain: _contents(records) for domain, records in self._records.items()},
            encoding="json",
        )

    def _parts(self) -> dict[str, dict[str, Any]]:
        return {
            domain: {"data": records, "count": len(records)}
            for domain, records in self._records.items()
        }

    @classmethod
    def read(cls, store: JobStore, job_id: str) -> LegacyResult | None:
        """The result under the job's single key; None if there is none.

        Raises:
            ResultIncomplete: it is damaged.
        """
        stored = store.redis.get(store.keys(job_id).legacy_result) if is_job_id(job_id) else None
        if stored is None:
            return None
        text = as_bytes(stored)
        try:
            return cls(json.loads(text if text[:1] == b"{" else zlib.decompress(text)))
        except (ValueError, zlib.error, KeyError, TypeError, AttributeError) as exc:
            raise ResultIncomplete(f"the result of job {job_id} is damaged: {exc!r}") from exc

    def records_json(self, domain: str, chunk: int) -> bytes:
        """The JSON array of one chunk."""
        start = chunk * _CHUNK_ROWS
        return encode(self._records[domain][start : start + _CHUNK_ROWS])


def _contents(records: list[dict[str, Any]]) -> DomainContents:
    sizes = [
        min(_CHUNK_ROWS, len(records) - start) for start in range(0, len(records), _CHUNK_ROWS)
    ]
    return DomainContents(
        chunks=tuple(ChunkEntry(rows, 0, "") for rows in sizes),
        cids_with_rows=len({record.get(_CID_COLUMN) for record in records}),
    )
