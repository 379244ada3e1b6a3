"""The lines of one stream, counted and summed as they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tracekit.jsonvalue import encode
from tracekit.ndjson.position import Position

MEDIA_TYPE = "application/x-ndjson"
SCHEMA_VERSION = 1


class LineWriter:
    """Makes the lines of one stream; each method returns one line with its line feed.

    Lines have the fields that clients of the legacy system read (`total`, `batch`, `count`, `data`,
    `total_records`, `failed_domains`), and others that prove the stream complete.

    The caller keeps the order; the writer keeps the totals and the checksum.
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._rows: dict[str, int] = {}

    def meta(
        self,
        *,
        job_id: str | None,
        profile: str,
        domains: Sequence[str],
        cids: int,
        resumed: tuple[Position, Mapping[str, int]] | None = None,
    ) -> bytes:
        """The first line.

        Args:
            job_id: The job; None if the result is not a job's.
            profile: The profile of the request.
            domains: In the order in which they will come.
            cids: Number of requested CIDs.
            resumed: The position at which this stream resumes, and the rows before it by domain.
        """
        fields: dict[str, Any] = {
            "job_id": job_id,
            "profile": profile,
            "domains": list(domains),
            "cids": cids,
            "schema_version": SCHEMA_VERSION,
        }
        if resumed is not None:
            after, rows = resumed
            self._rows.update(rows)
            fields["resumed"] = {"after": str(after), "rows": dict(rows)}
        return self._line("meta", fields)

    def domain_start(self, domain: str, *, chunks: int, rows: int) -> bytes:
        """A domain starts; `chunks` and `rows` are its totals, even if a stream is resumed."""
        self._rows.setdefault(domain, 0)
        fields = {"domain": domain, "total": rows, "chunks": chunks, "rows": rows}
        return self._line("domain_start", fields)

    def records(self, domain: str, chunk: int, rows: int, records_json: bytes) -> bytes:
        """One chunk, given as the JSON array of its `rows` records."""
        self._rows[domain] += rows
        fields = {"type": "records", "domain": domain, "batch": chunk, "chunk": chunk}
        head = encode({**fields, "count": rows})
        return self._counted(b'%b,"data":%b}\n' % (head[:-1], records_json))

    def full_result(self, rows: Mapping[str, int], document: object) -> bytes:
        """A result kept under one key, with the `rows` of each of its domains."""
        self._rows.update(rows)
        return self._line("full_result", {"data": document})

    def domain_end(self, domain: str) -> bytes:
        """A domain ends; has its written rows, including those before a resumption."""
        rows = self._rows[domain]
        return self._line("domain_end", {"domain": domain, "count": rows, "rows": rows})

    def aggregation(self, domain: str, *, rows: int, cids: int, cids_without_rows: int) -> bytes:
        """The sums of one domain: `cids` were requested, `cids_without_rows` of them had none."""
        sums = {"rows": rows, "cids": cids, "cids_without_rows": cids_without_rows}
        return self._line("aggregation", {"domain": domain, **sums, "data": {domain: sums}})

    def warning(self, code: str, message: str) -> bytes:
        """A warning that does not make the result incomplete."""
        return self._line("warning", {"code": code, "message": message, "failed_domains": []})

    def complete(self) -> bytes:
        """The last line of a complete stream."""
        total = sum(self._rows.values())
        fields = {
            "total_records": total,
            "rows": total,
            "domains": dict(self._rows),
            "sha256": self._sha256.hexdigest(),
        }
        return self._line("complete", fields)

    def error(self, code: str, message: str) -> bytes:
        """The last line of a stream that cannot continue."""
        return self._line("error", {"code": code, "message": message})

    def _line(self, kind: str, fields: Mapping[str, Any]) -> bytes:
        return self._counted(encode({"type": kind, **fields}) + b"\n")

    def _counted(self, line: bytes) -> bytes:
        self._sha256.update(line)
        return line
