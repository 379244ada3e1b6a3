"""Events of earlier requests, kept in Redis for some minutes; a fault of it is a miss."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tracekit.keyed.cache_chunk import DamagedChunk, Makers, NotCacheable, pack, pieces_of, unpack
from tracekit.keyed.container_ids import normalise_container_ids
from tracekit.keyed.domains import find_domain
from tracekit.keyed.fetcher import EventFetcher
from tracekit.keyed.grouping import Events
from tracekit.keyed.readers import RecordKind

_log = logging.getLogger("tracekit.keyed.cache")

SCHEMA_VERSION = 1
_TTL_SECONDS = 300
_SHORT_TTL_SECONDS = {"holds": 180, "jobs": 180}
"""Domains whose open records change while one looks."""
_CHUNK_RECORDS = 5000
_GRACE_SECONDS = 30
"""Chunks outlive the entry that names them, so that none goes while it is read."""
_REST_SECONDS = 30.0
"""After a fault of the store, requests do without it for so long, and do not wait for it."""


class EventCache:
    """Events by domain and set of CIDs.

    Args:
        redis: A client that returns bytes.
        source: What the events are of, such as the DSN; another source's entries are not found.
        skip_cid_threshold: Requests of more CIDs are neither looked up nor kept.
        clock: Tells seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        source: str,
        skip_cid_threshold: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._source = source
        self._skip_cid_threshold = skip_cid_threshold
        self._clock = clock
        self._rests_until = clock()

    def get(self, cids: Sequence[str], domain: str) -> Events | None:
        """The events kept for this set of CIDs; None where there are none, or all of them not."""
        if not self._serves(cids):
            return None
        try:
            key, identity = self._names(cids, domain)
            entry = self._redis.get(key)
            return self._read(key, json.loads(entry), identity) if entry else None
        except (RedisError, DamagedChunk, ValueError, KeyError, TypeError) as exc:
            _log.warning("the event cache missed %s: %s", domain, exc)
            self._rest_after(exc)
            return None

    def put(self, cids: Sequence[str], domain: str, events: Events) -> None:
        """Keep `events`, a chunk at a time; where that fails nothing is kept."""
        if not self._serves(cids):
            return
        ttl = _SHORT_TTL_SECONDS.get(domain, _TTL_SECONDS)
        token = secrets.token_hex(4)  # two that write at once do not mix their chunks
        checksums = []
        try:
            key, identity = self._names(cids, domain)
            for number, piece in enumerate(pieces_of(events, _CHUNK_RECORDS)):
                checksum, stored = pack(piece)
                self._redis.set(f"{key}:{token}:{number}", stored, ex=ttl + _GRACE_SECONDS)
                checksums.append(checksum)
            entry = {"identity": identity, "token": token, "chunks": checksums}
            self._redis.set(key, json.dumps(entry), ex=ttl)
        except (RedisError, NotCacheable, ValueError) as exc:
            _log.warning("the event cache kept nothing of %s: %s", domain, exc)
            self._rest_after(exc)

    def _serves(self, cids: Sequence[str]) -> bool:
        return len(cids) <= self._skip_cid_threshold and self._clock() >= self._rests_until

    def _rest_after(self, exc: Exception) -> None:
        if isinstance(exc, RedisError):
            self._rests_until = self._clock() + _REST_SECONDS

    def _read(self, key: str, entry: dict[str, Any], identity: str) -> Events | None:
        if entry["identity"] != identity:
            return None
        events: Events = {}
        makers: Makers = {}
        for number, checksum in enumerate(entry["chunks"]):
            stored = self._redis.get(f"{key}:{entry['token']}:{number}")
            assert stored is None or isinstance(stored, bytes)
            unpack(stored, checksum, events, makers)
        return events

    def _names(self, cids: Sequence[str], domain: str) -> tuple[str, str]:
        # The short digest makes the key; 48 bits and no source in it do not prove it the right one.
        text = "\n".join(sorted(cids)).encode()
        short = hashlib.md5(text, usedforsecurity=False).hexdigest()[:12]
        whole = hashlib.sha256(self._source.encode() + b"\0" + text).hexdigest()
        return f"trace:events:{domain}:{SCHEMA_VERSION}:{short}", whole


class CachedEventFetcher:
    """`EventFetcher.fetch_events` that asks a cache first.

    CIDs of a result from the cache stand in the order of the request that filled it.

    Args:
        fetcher: What reads on a miss.
        cache: What is asked before, and told after.
    """

    def __init__(self, fetcher: EventFetcher, cache: EventCache) -> None:
        self._fetcher = fetcher
        self._cache = cache

    def fetch_events(
        self,
        container_ids: Iterable[object],
        domain: str,
        *,
        records: RecordKind | None = None,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> Events:
        """The records of each CID that has any; arguments and errors as the fetcher's.

        Only complete results are kept. The memory budget counts what is fetched, not what the
        cache holds, which is at most the threshold's CIDs.
        """
        cids = normalise_container_ids(container_ids)
        name = find_domain(domain).name
        found = self._cache.get(cids, name)
        if found is not None:
            return found
        events = self._fetcher.fetch_events(
            cids, name, records=records, allow_partial=allow_partial, memory_budget=memory_budget
        )
        if type(events) is dict:  # PartialEvents are not all there is
            self._cache.put(cids, name, events)
        return events
