"""Module-level reading for those who keep one database: the one the environment names."""

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
    """`Database.read_sql_df` of the database that DB_HOST, DB_USER and DB_PASSWORD name.

    Raises:
        ConfigError: one of them is missing.
        ConnectError: the database could not be reached or refused us.
        FetchError: the query failed.
    """
    return _database(Settings.from_env()).read_sql_df(sql, params, timeout_seconds)


def read_sql_df_slow_iter(
    sql: str,
    params: Any = None,
    timeout_seconds: float | None = None,
    batch_size: int | None = None,
) -> Generator[RowBatch, None, None]:
    """`Database.read_sql_df_slow_iter` of the database that the environment names.

    Raises:
        ConfigError: DB_HOST, DB_USER or the password is missing.
        ConnectError: the database could not be reached or refused us.
        FetchError: the query failed.
    """
    database = _database(Settings.from_env())
    return database.read_sql_df_slow_iter(sql, params, timeout_seconds, batch_size)


@lru_cache(maxsize=1)
def _database(settings: Settings) -> Database:
    # One Database for all calls, or its limit of connections would limit nothing.
    return Database.from_env(settings)
