"""Records of earlier requests, kept in Redis for some minutes. A Redis failure is a miss."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tracekit.keyed.cache_chunk import DamagedChunk, Makers, NotCacheable, pack, pieces_of, unpack
from tracekit.keyed.keyed_fetcher import KeyedFetcher
from tracekit.keyed.keys import batches_of
from tracekit.keyed.query import Key
from tracekit.keyed.record import RecordsByKey

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_TTL_SECONDS = 300
_CHUNK_RECORDS = 5000
_GRACE_SECONDS = 30
"""Chunks outlive the entry that names them, so that none expires while it is read."""
_REST_SECONDS = 30.0
"""After a failure of the store, requests skip it for this long instead of waiting."""


class RecordsCache:
    """Records by query and set of keys.

    Args:
        redis: A client that returns bytes.
        source: Where the records come from, such as the DSN; other sources' entries are ignored.
        skip_threshold: Requests for more keys are neither looked up nor kept.
        ttl_seconds: How long the records of a query are kept, by its name; default 300.
        clock: Returns seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        source: str,
        skip_threshold: int = 10_000,
        ttl_seconds: Mapping[str, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._source = source
        self._skip_threshold = skip_threshold
        self._ttl_seconds = ttl_seconds or {}
        self._clock = clock
        self._rests_until = clock()

    def get(self, keys: Sequence[Key], query: str) -> RecordsByKey | None:
        """The records kept for this set of keys; None unless all of them are there."""
        if not self._serves(keys):
            return None
        try:
            key, identity = self._names(keys, query)
            entry = self._redis.get(key)
            return self._read(key, json.loads(entry), identity) if entry else None
        except (RedisError, DamagedChunk, ValueError, KeyError, TypeError) as exc:
            _log.warning("the cache of records could not read %s: %s", query, exc)
            self._rest_after(exc)
            return None

    def put(self, keys: Sequence[Key], query: str, found: RecordsByKey) -> None:
        """Store `found`, a chunk at a time; if that fails, nothing is stored."""
        if not self._serves(keys):
            return
        ttl = self._ttl_seconds.get(query, _TTL_SECONDS)
        token = secrets.token_hex(4)  # so that simultaneous writers do not mix their chunks
        checksums = []
        try:
            key, identity = self._names(keys, query)
            for number, piece in enumerate(pieces_of(found, _CHUNK_RECORDS)):
                checksum, stored = pack(piece)
                self._redis.set(f"{key}:{token}:{number}", stored, ex=ttl + _GRACE_SECONDS)
                checksums.append(checksum)
            entry = {"identity": identity, "token": token, "chunks": checksums}
            self._redis.set(key, json.dumps(entry), ex=ttl)
        except (RedisError, NotCacheable, ValueError) as exc:
            _log.warning("the cache of records could not store %s: %s", query, exc)
            self._rest_after(exc)

    def _serves(self, keys: Sequence[Key]) -> bool:
        # Keys of other types than text would not come back as they are.
        return (
            len(keys) <= self._skip_threshold
            and self._clock() >= self._rests_until
            and all(type(key) is str for key in keys)
        )

    def _rest_after(self, exc: Exception) -> None:
        if isinstance(exc, RedisError):
            self._rests_until = self._clock() + _REST_SECONDS

    def _read(self, key: str, entry: dict[str, Any], identity: str) -> RecordsByKey | None:
        if entry["identity"] != identity:
            return None
        found: RecordsByKey = {}
        makers: Makers = {}
        for number, checksum in enumerate(entry["chunks"]):
            stored = self._redis.get(f"{key}:{entry['token']}:{number}")
            assert stored is None or isinstance(stored, bytes)
            unpack(stored, checksum, found, makers)
        return found

    def _names(self, keys: Sequence[str], query: str) -> tuple[str, str]:
        # The key has a digest of only 48 bits and no source, so the entry itself is checked.
        text = "\n".join(sorted(keys)).encode()
        short = hashlib.md5(text, usedforsecurity=False).hexdigest()[:12]
        whole = hashlib.sha256(self._source.encode() + b"\0" + text).hexdigest()
        return f"trace:events:{query}:{SCHEMA_VERSION}:{short}", whole


class CachedFetcher:
    """`KeyedFetcher.records` with a cache in front.

    Keys of a cached result are in the order of the request that filled the cache.

    Args:
        fetcher: Reads on a miss.
        cache: Looked up first, and filled after a miss.
    """

    def __init__(self, fetcher: KeyedFetcher, cache: RecordsCache) -> None:
        self._fetcher = fetcher
        self._cache = cache

    def records(
        self,
        keys: Iterable[Any],
        *,
        allow_partial: bool = False,
        memory_budget: int | str | None = None,
    ) -> RecordsByKey:
        """The records of each key that has any; arguments and errors are those of the fetcher.

        Only complete results are cached. The memory budget covers fetched records, not cached ones,
        which have at most as many keys as the threshold.
        """
        query = self._fetcher.query
        wanted = [key for batch in batches_of(keys, query) for key in batch]
        found = self._cache.get(wanted, query.name)
        if found is not None:
            return found
        read = self._fetcher.records(
            wanted, allow_partial=allow_partial, memory_budget=memory_budget
        )
        if type(read) is dict:  # PartialRecords are incomplete
            self._cache.put(wanted, query.name, read)
        return read
