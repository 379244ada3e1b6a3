"""tracekit.read_sql_df and its iterator read the database the environment names."""

from __future__ import annotations

import pytest

import tracekit
from tracekit import LocalOracle
from tracekit.errors import ConfigError


def test_both_read_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalOracle(":memory:") as local:
        address, _, service = local.dsn.partition("/")
        host, _, port = address.partition(":")
        values = {"HOST": host, "PORT": port, "SERVICE": service, "USER": local.user}
        for name, value in {**values, "PASSWORD": local.password}.items():
            monkeypatch.setenv(f"DB_{name}", value)

        frame = tracekit.read_sql_df("SELECT :n AS answer FROM DUAL", {"n": 42})
        batches = list(tracekit.read_sql_df_slow_iter("SELECT 'a' AS x FROM DUAL"))

    assert frame.to_dict("records") == [{"ANSWER": 42}]
    assert batches == [(["X"], [("a",)])]


def test_without_settings_the_missing_one_is_named() -> None:
    with pytest.raises(ConfigError, match="DB_HOST"):
        tracekit.read_sql_df("SELECT 1 FROM DUAL")
