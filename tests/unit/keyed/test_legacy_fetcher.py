"""The legacy fetch gives the same records, and its failures are the same errors."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pandas as pd
import pytest

from tracekit.errors import BatchFetchError, ConfigError, FetchError
from tracekit.keyed import LegacyFetcher, Query

QUERY = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID", keys_per_statement=2, name="parts")


class FrameDatabase:
    """Stands in for Database: two rows for each key; batches with a key of `fails` raise."""

    def __init__(self, *, fails: tuple[int, ...] = (), columns: tuple[str, ...] = ("ID", "N", "F")):
        self.fails = fails
        self.columns = columns
        self.together: threading.Barrier | None = None
        self.met = 0
        self.begun: list[int] = []
        self.most = 0

    def without_retry(self) -> FrameDatabase:
        return self

    def read_sql_df(self, sql: str, binds: dict[str, Any], timeout_seconds: float) -> pd.DataFrame:
        assert timeout_seconds == 60.0
        assert sql.count(":p") == len(binds)
        self.begun.append(1)
        self.most = max(self.most, len(self.begun))
        if self.together is not None:
            with suppress(threading.BrokenBarrierError):
                self.together.wait()
                self.met += 1
        self.begun.pop()
        if set(self.fails) & set(binds.values()):
            raise FetchError(f"reading from there failed: {min(binds.values())}")
        rows = [(key, n, None if n else 0.5) for n in range(2) for key in binds.values()]
        return pd.DataFrame(rows, columns=list(self.columns))


def legacy(database: FrameDatabase, **options: Any) -> LegacyFetcher:
    return LegacyFetcher(database, QUERY, **options)  # type: ignore[arg-type]


def test_the_records_of_each_key_with_none_for_nan() -> None:
    found = legacy(FrameDatabase()).records(range(5))
    assert dict(sorted(found.items())) == {
        key: [{"ID": key, "N": 0, "F": 0.5}, {"ID": key, "N": 1, "F": None}] for key in range(5)
    }
    assert type(found[0][0]["F"]) is float


def test_as_many_batches_are_read_at_once_as_there_are_workers() -> None:
    two, one = FrameDatabase(), FrameDatabase()
    two.together = threading.Barrier(2, timeout=60)
    one.together = threading.Barrier(2, timeout=0.1)
    legacy(two).records(range(16))
    assert (two.met, two.most) == (8, 2)
    legacy(one, max_workers=1).records(range(4))
    assert one.met == 0


def test_failed_batches_are_named_in_their_order() -> None:
    with pytest.raises(BatchFetchError, match="2 of 3 batches of query 'parts'") as caught:
        legacy(FrameDatabase(fails=(1, 4)), max_workers=1).records(range(5))
    assert [(each.batch_index, each.key_count) for each in caught.value.failures] == [
        (0, 2),
        (2, 1),
    ]
    assert caught.value.batch_count == 3
    assert caught.value.__cause__ is caught.value.failures[0].cause


def test_columns_of_the_same_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="2 columns called N"):
        legacy(FrameDatabase(columns=("ID", "N", "N"))).records([1])
