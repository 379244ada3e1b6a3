"""Records kept in a real store: exactly those that were put, or none."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from redis import Redis

from tests.unit.keyed.column_database import ColumnDatabase
from tracekit.keyed import KeyedFetcher, PartialRecords, Query
from tracekit.keyed.records_cache import CachedFetcher, RecordsCache

KEYS = ["b", "a", "機"]
FOUND: dict[str, list[dict[str, Any]]] = {
    "機": [{"ID": "機", "AT": datetime(2026, 1, 1), "N": None}],
    "a": [{"ID": "a", "AT": None, "N": n} for n in range(12_000)],
}


def cache(redis: Redis, *, source: str = "here", **more: Any) -> RecordsCache:
    return RecordsCache(redis, source=source, **more)


def test_what_was_put_is_found_for_the_same_keys_in_any_order(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    cache(redis).put(KEYS, "history", FOUND)
    found = cache(redis).get(KEYS[::-1], "history")
    assert found == FOUND
    assert found is not None
    assert list(found) == list(FOUND)
    assert cache(redis).get(KEYS[1:], "history") is None
    assert cache(redis).get([*KEYS, "c"], "history") is None
    assert cache(redis).get(KEYS, "holds") is None
    assert cache(redis, source="there").get(KEYS, "history") is None
    assert not caplog.records


@pytest.mark.parametrize(("query", "seconds"), [("history", 300), ("holds", 20)])
def test_chunks_outlive_the_entry_that_names_them(redis: Redis, query: str, seconds: int) -> None:
    cache(redis, ttl_seconds={"holds": 20}).put(KEYS, query, FOUND)
    entry, *chunks = sorted(redis.keys("trace:events:*"), key=len)
    assert entry.startswith(f"trace:events:{query}:1:".encode())
    assert len(entry.rpartition(b":")[2]) == 12
    assert seconds - 10 < redis.ttl(entry) <= seconds
    assert len(chunks) == 3
    assert all(seconds + 20 < redis.ttl(chunk) <= seconds + 30 for chunk in chunks)


def test_two_writers_do_not_mix_their_chunks(redis: Redis) -> None:
    cache(redis).put(KEYS, "history", FOUND)
    first = set(redis.keys("*"))
    cache(redis).put(KEYS, "history", {"a": [{"N": 1}]})
    assert len(set(redis.keys("*")) - first) == 1
    assert cache(redis).get(KEYS, "history") == {"a": [{"N": 1}]}


def test_the_records_of_several_requests_are_kept_side_by_side(redis: Redis) -> None:
    wanted = {"a": {"a": [{"N": 1}]}, "b": {"b": [{"N": 2}]}, "ab": {"a": [], "b": [{"N": 3}]}}
    for keys, found in wanted.items():
        cache(redis).put(list(keys), "history", found)
    for keys, found in wanted.items():
        assert cache(redis).get(list(keys), "history") == found


def test_as_many_as_ten_thousand_keys_are_kept(redis: Redis) -> None:
    keys = [str(n) for n in range(10_001)]
    cache(redis).put(keys, "history", {})
    assert redis.keys("*") == []
    cache(redis).put(keys[1:], "history", {})
    assert cache(redis).get(keys[1:], "history") == {}


def test_nothing_is_kept_of_no_records_but_that_there_are_none(redis: Redis) -> None:
    cache(redis).put(KEYS, "history", {})
    assert cache(redis).get(KEYS, "history") == {}


@pytest.mark.parametrize("keys", [["a", "b", "c"], ["a", 1]])
def test_many_keys_and_keys_that_are_not_text_are_not_cached(redis: Redis, keys: list[Any]) -> None:
    small = cache(redis, skip_threshold=2)
    small.put(keys, "history", FOUND)
    assert redis.keys("*") == []
    small.put(["a", "b"], "history", FOUND)
    assert small.get(["b", "a"], "history") == FOUND
    assert cache(redis).get(["a"] * 10_001, "history") is None


@pytest.mark.parametrize("change", ["chunk gone", "chunk damaged", "not JSON", "no entry", "old"])
def test_what_is_damaged_is_a_miss_with_one_warning(
    redis: Redis, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    now = [0.0]
    kept = cache(redis, clock=lambda: now[0])
    kept.put(KEYS, "history", FOUND)
    entry, chunk, *_ = sorted(redis.keys("*"), key=len)
    {
        "chunk gone": lambda: redis.delete(chunk),
        "chunk damaged": lambda: redis.setrange(chunk, 5, b"\xff\xfe"),
        "not JSON": lambda: redis.set(entry, b'{"identity":'),
        "no entry": lambda: redis.set(entry, b"[1]"),
        "old": lambda: redis.set(entry, json.dumps({"chunks": []})),
    }[change]()
    assert kept.get(KEYS, "history") is None
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert re.fullmatch(
        r"the cache of records could not read history: (a chunk is|Expect|list ind|'identity').*",
        record.getMessage(),
    )
    kept.put(KEYS, "history", FOUND)
    assert kept.get(KEYS, "history") == FOUND, "only a store that fails is left alone"


@pytest.mark.parametrize("way", ["get", "put"])
def test_a_store_that_fails_is_left_alone_for_half_a_minute(
    redis: Redis, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    now = [100.0]
    kept = cache(redis, clock=lambda: now[0])
    pool = redis.connection_pool
    redis.connection_pool = Redis(
        unix_socket_path="/nonexistent/store.sock", retry=None
    ).connection_pool
    if way == "get":
        assert kept.get(KEYS, "history") is None
    else:
        kept.put(KEYS, "history", FOUND)
    redis.connection_pool = pool
    said = "could not read" if way == "get" else "could not store"
    [record] = caplog.records
    assert record.getMessage().startswith(f"the cache of records {said} history: ")
    for now[0], keeps in ((129.9, False), (130.0, True)):
        kept.put(KEYS, "history", FOUND)
        assert bool(redis.keys("*")) is keeps
        assert kept.get(KEYS, "history") == (FOUND if keeps else None)
    assert len(caplog.records) == 1


def test_what_cannot_be_restored_exactly_is_not_kept_and_the_store_not_left_alone(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    kept = cache(redis)
    kept.put(KEYS, "history", {"a": [{"X": object()}]})
    assert redis.keys("*") == []
    [record] = caplog.records
    assert record.getMessage() == (
        "the cache of records could not store history: column X holds object"
    )
    kept.put(KEYS, "history", FOUND)
    assert kept.get(KEYS, "history") == FOUND


def test_a_fetch_is_made_once_and_only_complete_results_are_kept(redis: Redis) -> None:
    class Counted(KeyedFetcher):
        calls: list[tuple[Any, ...]]
        partial = False

        def records(self, keys: Any = None, **more: Any) -> Any:
            self.calls.append((keys, more))
            found = super().records(keys, **more)
            return PartialRecords(found, [], 1) if self.partial else found

    types = {"ID": pa.large_string(), "N": pa.large_string()}
    database: Any = ColumnDatabase(types, lambda key: [(key, key * 2)])  # type: ignore[no-untyped-call]
    fetcher = Counted(database, Query("SELECT * FROM T WHERE X IN (:keys)", key="ID", name="q"))
    fetcher.calls = []
    cached = CachedFetcher(fetcher, cache(redis))
    expected = {key: [{"ID": key, "N": key * 2}] for key in "ab"}
    fetcher.partial = True
    for _ in range(2):
        assert cached.records(["a", "b"], allow_partial=True, memory_budget="9GiB") == expected
    assert fetcher.calls == [(["a", "b"], {"allow_partial": True, "memory_budget": "9GiB"})] * 2
    fetcher.partial = False
    for asked in (["a", "b", "a"], ["b", "a"]):
        assert cached.records(asked) == expected
    assert fetcher.calls[2:] == [(["a", "b"], {"allow_partial": False, "memory_budget": None})]
