"""Answers within the request: each domain is fetched and converted to JSON before the next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Protocol

from tracekit.errors import TracekitError
from tracekit.jobs import AGGREGATED_PROFILES
from tracekit.jsonvalue import encode
from tracekit.keyed import RecordsByKey
from tracekit.service.events_request import EventsRequest
from tracekit.service.problems import internal_message

_log = logging.getLogger("tracekit.service")

_PIECE_RECORDS = 1000
PARTIAL_FAILURE = "EVENTS_PARTIAL_FAILURE"


class FetchesRecords(Protocol):
    """A KeyedFetcher, or one behind a cache."""

    def records(self, keys: list[str], /) -> RecordsByKey:
        """The records of each CID that has records."""


def events_document(
    fetcher_of: Callable[[str], FetchesRecords], wanted: EventsRequest, *, max_workers: int
) -> list[bytes]:
    """The JSON document of the answer, in pieces.

    A domain that cannot be fetched is left out of `results`, listed in `failed_domains`, and
    explained in `error`.

    Args:
        fetcher_of: Returns the fetcher of a domain.
        wanted: The request.
        max_workers: Domains fetched at once.
    """
    sums: dict[str, dict[str, int]] = {}

    def fetch(domain: str) -> list[bytes] | str:
        try:
            events = fetcher_of(domain).records(wanted.container_ids)
            sums[domain] = _sums(events, len(wanted.container_ids))
            return _domain_document(events)
        except TracekitError as exc:
            _log.warning("domain %s failed: %s", domain, type(exc).__name__)
            return str(exc)
        except Exception as exc:  # one failed domain must not affect the others
            return internal_message(exc)

    with ThreadPoolExecutor(max_workers) as pool:
        answers = dict(zip(wanted.domains, pool.map(fetch, wanted.domains), strict=True))
    failures = {domain: text for domain, text in answers.items() if isinstance(text, str)}
    results = {domain: found for domain, found in answers.items() if isinstance(found, list)}
    pieces = [b'{"stage":"events","async":false,"profile":%b' % encode(wanted.profile)]
    pieces += [b',"results":{']
    for index, (domain, document) in enumerate(results.items()):
        pieces += [b"," if index else b"", encode(domain), b":", *document]
    aggregation = (
        {domain: sums[domain] for domain in results}
        if wanted.profile in AGGREGATED_PROFILES
        else None
    )
    pieces += [b'},"aggregation":', encode(aggregation)]
    return [*pieces, *_failure_document(failures), b"}"]


def _sums(events: RecordsByKey, cids: int) -> dict[str, int]:
    rows = sum(map(len, events.values()))
    return {"rows": rows, "cids": cids, "cids_without_rows": cids - len(events)}


def _failure_document(failures: dict[str, str]) -> Iterator[bytes]:
    if not failures:
        return
    said = "; ".join(f"{domain}: {text}" for domain, text in failures.items())
    yield b',"failed_domains":' + encode(list(failures))
    yield b',"error":' + encode({"code": PARTIAL_FAILURE, "message": said})


def _domain_document(events: RecordsByKey) -> list[bytes]:
    pieces, count = [b'{"data":['], 0
    batch: list[object] = []
    for record in chain.from_iterable(events.values()):
        batch.append(record)
        if len(batch) == _PIECE_RECORDS:
            pieces.append(_listed(batch, first=count == 0))
            count += len(batch)
            batch = []
    if batch:
        pieces.append(_listed(batch, first=count == 0))
        count += len(batch)
    return [*pieces, b'],"count":%d}' % count]


def _listed(batch: list[object], *, first: bool) -> bytes:
    return (b"" if first else b",") + encode(batch)[1:-1]
