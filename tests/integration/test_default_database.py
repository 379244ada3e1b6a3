"""tracekit.read_sql_df and its iterator read the database the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tracekit
from tracekit import LocalOracle
from tracekit.errors import ConfigError, FetchError

NUMBERS = "SELECT LEVEL AS n FROM DUAL CONNECT BY LEVEL <= :n"


@pytest.fixture
def local(
    local_oracle_server: LocalOracle, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalOracle]:
    """The database that the environment names."""
    with local_oracle_server.fresh() as mine:
        address, _, service = mine.dsn.partition("/")
        host, _, port = address.partition(":")
        values = {"HOST": host, "PORT": port, "SERVICE": service, "USER": mine.user}
        for name, value in {**values, "PASSWORD": mine.password}.items():
            monkeypatch.setenv(f"DB_{name}", value)
        yield mine


@pytest.mark.usefixtures("local")
def test_both_read_what_the_environment_names() -> None:
    frame = tracekit.read_sql_df("SELECT :n AS answer FROM DUAL", {"n": 42})
    batches = list(tracekit.read_sql_df_slow_iter(NUMBERS, {"n": 3}, batch_size=2))
    assert frame.to_dict("records") == [{"ANSWER": 42}]
    assert [(columns, [n for (n,) in rows]) for columns, rows in batches] == [
        (["N"], [1, 2]),
        (["N"], [3]),
    ]


def test_both_have_a_time_limit(local: LocalOracle) -> None:
    local.faults.stall()
    try:
        with pytest.raises(FetchError, match="DPY-4024"):
            tracekit.read_sql_df("SELECT 1 FROM DUAL", timeout_seconds=0.05)
        with pytest.raises(FetchError, match="DPY-4024"):
            next(tracekit.read_sql_df_slow_iter("SELECT 1 FROM DUAL", timeout_seconds=0.05))
    finally:
        local.faults.release()
        local.faults.clear()


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("read", [tracekit.read_sql_df, tracekit.read_sql_df_slow_iter])
def test_the_environment_is_read_at_each_call(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], Any]
) -> None:
    assert len(list(read("SELECT 1 FROM DUAL"))) == 1
    monkeypatch.delenv("DB_HOST")
    with pytest.raises(ConfigError, match="DB_HOST"):
        read("SELECT 1 FROM DUAL")


def test_without_settings_the_missing_one_is_named() -> None:
    with pytest.raises(ConfigError, match="DB_HOST"):
        tracekit.read_sql_df("SELECT 1 FROM DUAL")
