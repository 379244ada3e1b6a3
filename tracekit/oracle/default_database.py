"""Module-level functions that read from the database named in the environment."""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tracekit.config import Settings
from tracekit.oracle.connect import Database
from tracekit.oracle.rows import RowBatch

if TYPE_CHECKING:
    import pandas as pd


def read_sql_df(sql: str, params: Any = None, timeout_seconds: float | None = None) -> pd.DataFrame:
    """Call `Database.read_sql_df` on the database named by DB_HOST, DB_USER and DB_PASSWORD.

    Raises:
        ConfigError: one of these is missing.
        ConnectError: the database could not be reached or refused the log-on.
        FetchError: the query failed.
    """
    return _database(Settings.from_env()).read_sql_df(sql, params, timeout_seconds)


def read_sql_df_slow_iter(
    sql: str,
    params: Any = None,
    timeout_seconds: float | None = None,
    batch_size: int | None = None,
) -> Generator[RowBatch, None, None]:
    """Call `Database.read_sql_df_slow_iter` on the database named in the environment.

    Raises:
        ConfigError: DB_HOST, DB_USER or the password is missing.
        ConnectError: the database could not be reached or refused the log-on.
        FetchError: the query failed.
    """
    database = _database(Settings.from_env())
    return database.read_sql_df_slow_iter(sql, params, timeout_seconds, batch_size)


@lru_cache(maxsize=1)
def _database(settings: Settings) -> Database:
    # One Database for all calls, so that its connection limit covers all of them.
    return Database.from_env(settings)
