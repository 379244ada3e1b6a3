"""Ways of reading that are no built-in candidates, as users write them: one list of frames."""

from __future__ import annotations

import warnings
from typing import Any

from tracekit.keyed import Query
from tracekit.keyed.keys import batches_of


def read_sql(connection: Any, query: Query, keys: Any) -> Any:
    """pandas.read_sql, a frame for each batch of keys, all of them kept."""
    import pandas as pd

    warnings.simplefilter("ignore", UserWarning)  # pandas would rather have SQLAlchemy's
    import oracledb

    oracledb.defaults.fetch_lobs = False
    frames = []
    for batch in batches_of(keys, query):
        sql, binds = query.statement(batch)
        frames.append(pd.read_sql(sql, connection, params=binds))
    return frames


def polars(connection: Any, query: Query, keys: Any) -> Any:
    """polars.read_database, a frame for each batch of keys, all of them kept."""
    import oracledb
    import polars as pl

    oracledb.defaults.fetch_lobs = False
    frames = []
    for batch in batches_of(keys, query):
        sql, binds = query.statement(batch)
        frames.append(
            pl.read_database(
                sql,
                connection,
                execute_options={"parameters": binds},
                infer_schema_length=None,
            )
        )
    return frames


def drained(connection: Any, query: Query, keys: Any) -> None:
    """A cursor, read by fetchmany, of which nothing is kept."""
    with connection.cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = 5000
        for batch in batches_of(keys, query):
            sql, binds = query.statement(batch)
            cursor.execute(sql, binds, fetch_lobs=False)
            while rows := cursor.fetchmany():
                del rows
