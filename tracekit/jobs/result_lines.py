"""A finished result as the lines of an NDJSON stream, one chunk in memory at a time."""

from __future__ import annotations

from collections.abc import Generator

from redis.exceptions import RedisError

from tracekit.errors import ConfigError, ResultIncomplete
from tracekit.jobs.legacy_result import LegacyResult
from tracekit.jobs.result import Result
from tracekit.jobs.result_document import aggregation
from tracekit.ndjson import LineWriter, Position


def result_lines(
    result: Result, job_id: str, after: Position | None = None
) -> Generator[bytes, None, None]:
    """The lines of the stream; always the same bytes.

    A chunk that is missing or damaged, or a store that does not answer, ends the stream with an
    `error` line.

    Args:
        result: The result to write.
        job_id: Written in the first line.
        after: The position after which to resume; everything before is left out.

    Raises:
        ConfigError: the position does not exist; raised before the first line.
    """
    if isinstance(result, LegacyResult) and after is None:
        return _full_result(result, job_id)
    _check_place(result, after)
    return _lines(result, job_id, after)


def _full_result(result: LegacyResult, job_id: str) -> Generator[bytes, None, None]:
    manifest, writer = result.manifest, LineWriter()
    yield writer.meta(
        job_id=job_id,
        profile=manifest.profile,
        domains=list(manifest.domains),
        cids=manifest.cids,
    )
    rows = {domain: contents.rows for domain, contents in manifest.domains.items()}
    yield writer.full_result(rows, result.document)
    yield writer.complete()


def _lines(result: Result, job_id: str, after: Position | None) -> Generator[bytes, None, None]:
    manifest, writer = result.manifest, LineWriter()
    yield writer.meta(
        job_id=job_id,
        profile=manifest.profile,
        domains=list(manifest.domains),
        cids=manifest.cids,
        resumed=(after, _rows_before(result, after)) if after else None,
    )
    try:
        for domain, first in _places(result, after):
            contents = manifest.domains[domain]
            yield writer.domain_start(domain, chunks=len(contents.chunks), rows=contents.rows)
            for number, entry in list(enumerate(contents.chunks))[first:]:
                records_json = result.records_json(domain, number)
                yield writer.records(domain, number, entry.rows, records_json)
                del records_json
            yield writer.domain_end(domain)
    except ResultIncomplete as exc:
        yield writer.error("RESULT_INCOMPLETE", str(exc))
        return
    except RedisError:
        yield writer.error("STORE_UNAVAILABLE", "the store of results does not answer.")
        return
    yield from _end(result, writer)


def _end(result: Result, writer: LineWriter) -> Generator[bytes, None, None]:
    manifest = result.manifest
    for domain, sums in (aggregation(manifest) or {}).items():
        yield writer.aggregation(domain, **sums)
    for code, message in manifest.warnings:
        yield writer.warning(code, message)
    yield writer.complete()


def _places(result: Result, after: Position | None) -> list[tuple[str, int]]:
    """The remaining domains, and the first chunk of each."""
    domains = list(result.manifest.domains)
    if after is None:
        return [(domain, 0) for domain in domains]
    rest = domains[domains.index(after.domain) :]
    return [(domain, after.chunk + 1 if domain == after.domain else 0) for domain in rest]


def _rows_before(result: Result, after: Position) -> dict[str, int]:
    rows = {}
    for domain, contents in result.manifest.domains.items():
        if domain == after.domain:
            rows[domain] = contents.place(after.chunk + 1)
            break
        rows[domain] = contents.rows
    return rows


def _check_place(result: Result, after: Position | None) -> None:
    if after is None:
        return
    contents = result.manifest.domains.get(after.domain)
    if contents is None or after.chunk >= len(contents.chunks):
        raise ConfigError(f"after={after}: the result has no such chunk.")
