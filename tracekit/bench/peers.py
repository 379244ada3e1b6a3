"""Other libraries running the same queries, used as their documentation advises for large results.

They keep nothing, so the comparison is about the cost of reading rows in bounded pieces.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tracekit.bench.drains import BatchDrain, CountRows
from tracekit.keyed.sql_text import tokens_of


class PandasChunks(BatchDrain):
    """`pandas.read_sql(chunksize=...)` through SQLAlchemy's oracle+oracledb.

    Uses `stream_results`, which pandas' guide recommends for results larger than memory, and the
    engine's own connection pool.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        import sqlalchemy

        self._engine = sqlalchemy.create_engine(
            "oracle+oracledb://", creator=lambda: _connect(self.database.arguments)
        )

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement into frames of `fetchmany_size` rows."""
        import pandas as pd
        import sqlalchemy

        with self._engine.connect().execution_options(stream_results=True) as connection:
            chunks = pd.read_sql(
                sqlalchemy.text(sql),
                connection,
                params=dict(binds),
                chunksize=self.database.fetchmany_size,
            )
            for frame in chunks:
                count_rows(len(frame))
                del frame

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()


class PolarsBatches(BatchDrain):
    """`polars.read_database(iter_batches=True)` on an oracledb connection."""

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement into frames of `fetchmany_size` rows."""
        import polars as pl

        with self.database.connect() as connection:
            frames = pl.read_database(
                sql,
                connection,
                iter_batches=True,
                batch_size=self.database.fetchmany_size,
                execute_options={"parameters": dict(binds)},
            )
            for frame in frames:
                count_rows(len(frame))
                del frame


class AdbcBatches(BatchDrain):
    """`adbc-driver-oracle` (Go, its own wire protocol): a record batch reader for each statement.

    The driver decides the size of its batches itself. Each worker keeps its connection.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._of_thread = threading.local()
        self._opened: list[Any] = []

    def drain(self, sql: str, binds: Mapping[str, Any], count_rows: CountRows) -> None:
        """Read one statement; binds are positional, in the order in which they occur."""
        with self._connection().cursor() as cursor:
            cursor.execute(sql, _by_position(sql, binds))
            for batch in cursor.fetch_record_batch():
                count_rows(batch.num_rows)
                del batch

    def close(self) -> None:
        """Close all connections."""
        for connection in self._opened:
            connection.close()

    def _connection(self) -> Any:
        if not hasattr(self._of_thread, "connection"):
            import adbc_driver_oracle.dbapi

            given = self.database.arguments
            login = f"{quote(given['user'], safe='')}:{quote(given['password'], safe='')}"
            connection = adbc_driver_oracle.dbapi.connect(f"oracle://{login}@{given['dsn']}")
            self._opened.append(connection)
            self._of_thread.connection = connection
        return self._of_thread.connection


def _connect(arguments: Mapping[str, Any]) -> Any:
    import oracledb

    return oracledb.connect(
        dsn=arguments["dsn"], user=arguments["user"], password=arguments["password"]
    )


def _by_position(sql: str, binds: Mapping[str, Any]) -> list[Any]:
    given = {name.upper(): value for name, value in binds.items()}
    return [given[token.bind_name] for token in tokens_of(sql) if token.kind == "bind"]
