"""Arguments that make no sense are named, not met by a TypeError from somewhere below."""

from __future__ import annotations

from typing import Any

import pytest

import tracekit
from tracekit import Database, KeyedFetcher, Query
from tracekit.errors import ConfigError

QUERY = Query("SELECT A FROM T WHERE A IN (:keys)", key="A")
DATABASE = Database("localhost/X", "scott", "tiger")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"query": "SELECT A FROM T"}, "query='SELECT A FROM T': expected a Query"),
        ({"max_workers": "2"}, "max_workers='2': expected a whole number"),
        ({"max_workers": 0}, "max_workers=0"),
        ({"max_workers": 1.5}, "max_workers=1.5"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_of_a_fetcher(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        KeyedFetcher(DATABASE, **{"query": QUERY} | arguments)


def test_of_a_stream() -> None:
    with pytest.raises(ConfigError, match="batch_size=0: expected a whole number of at least 1"):
        next(KeyedFetcher(DATABASE, QUERY).stream(["a"], batch_size=0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"repeat": "a"}, "repeat='a': expected a whole number"),
        ({"memory_limit": -1}, "memory_limit=-1"),
        ({"database": "file.duckdb"}, "database='file.duckdb': expected a Database"),
    ],
)
def test_of_a_measurement(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        tracekit.measure(len, **arguments)


def test_of_a_replay() -> None:
    with pytest.raises(ConfigError, match="workload=5: expected a name"):
        tracekit.replay(5)  # type: ignore[call-arg, arg-type, unused-ignore]
