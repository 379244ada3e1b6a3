"""All domains of a finished result as one JSON document, one chunk in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator

from tracekit.jobs.manifest import Manifest
from tracekit.jobs.profiles import AGGREGATED_PROFILES
from tracekit.jobs.result import Result
from tracekit.jsonvalue import encode


def result_document(result: Result, offset: int, limit: int | None) -> Generator[bytes, None, None]:
    """The document, in the form of a synchronous answer.

    Args:
        result: The result to write.
        offset: Number of records to skip at the start of each domain.
        limit: Maximum number of records of each domain; None for all.

    Raises:
        ResultIncomplete: (while iterating) a chunk is missing or damaged. The document then has no
            end, so that no client can mistake it for complete.
    """
    manifest = result.manifest
    yield b'{"stage":"events","async":true,"profile":%b,"results":{' % encode(manifest.profile)
    for index, domain in enumerate(manifest.domains):
        yield b'%b%b:{"data":[' % (b"," if index else b"", encode(domain))
        count = 0
        for records_json, rows in _slices(result, domain, offset, limit):
            yield (b"," if count else b"") + records_json[1:-1]
            count += rows
        yield b'],"count":%d}' % count
    totals = {domain: contents.rows for domain, contents in manifest.domains.items()}
    yield b'},"totals":%b,"aggregation":%b}' % (encode(totals), encode(aggregation(manifest)))


def aggregation(manifest: Manifest) -> dict[str, dict[str, int]] | None:
    """The sums of each domain; None for a profile without sums."""
    if manifest.profile not in AGGREGATED_PROFILES:
        return None
    return {
        domain: {
            "rows": contents.rows,
            "cids": manifest.cids,
            "cids_without_rows": manifest.cids - contents.cids_with_rows,
        }
        for domain, contents in manifest.domains.items()
    }


def _slices(
    result: Result, domain: str, offset: int, limit: int | None
) -> Iterator[tuple[bytes, int]]:
    place = 0
    for number, entry in enumerate(result.manifest.contents(domain).chunks):
        first = max(offset - place, 0)
        last = entry.rows if limit is None else min(offset + limit - place, entry.rows)
        if first < last:
            records_json = result.records_json(domain, number)
            if last - first < entry.rows:
                records_json = encode(json.loads(records_json)[first:last])
            yield records_json, last - first
        place += entry.rows
