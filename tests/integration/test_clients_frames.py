"""pandas, polars, ADBC and asyncio read what DuckDB itself reads from the served file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import oracledb
import pandas as pd
import pytest

from tracekit.testbed import LocalOracle

ROWS = 2_000
QUERY = "SELECT id, name, qty, part, made FROM lots ORDER BY id"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("frames") / "lots.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            CREATE SCHEMA DWH;
            CREATE TABLE DWH.lots AS
            SELECT i AS id, CASE WHEN i % 7 > 0 THEN '站' || i END AS name,
                   CASE WHEN i % 3 > 0 THEN i % 50 END AS qty, i / 8 AS part,
                   CASE WHEN i % 5 > 0
                        THEN CAST(TIMESTAMP '2026-01-01' + to_minutes(i) AS TIMESTAMP_S) END AS made
            FROM range({ROWS}) AS rows(i)
            """
        )
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[LocalOracle]:
    with LocalOracle(str(file)) as local:
        yield local


@pytest.fixture(scope="module")
def expected(file: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute("SELECT * FROM DWH.lots ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def engine(server: LocalOracle) -> Iterator[Any]:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    host, service = server.dsn.split("/")
    engine = sqlalchemy.create_engine(
        f"oracle+oracledb://{server.user}:{server.password}@{host}/?service_name={service}"
    )
    yield engine
    engine.dispose()


def plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    whole = frame.astype(object).where(frame.notna(), None)
    return [tuple(row) for row in whole.itertuples(index=False)]


def test_pandas_reads_a_query_whole_and_in_chunks(
    engine: Any, expected: list[tuple[Any, ...]]
) -> None:
    assert plain(pd.read_sql(QUERY, engine)) == expected
    chunks = list(pd.read_sql(QUERY, engine, chunksize=700))
    assert [len(chunk) for chunk in chunks] == [700, 700, 600]
    assert [row for chunk in chunks for row in plain(chunk)] == expected


def test_pandas_reads_a_table_by_name(engine: Any, expected: list[tuple[Any, ...]]) -> None:
    assert plain(pd.read_sql_table("lots", engine).sort_values("id")) == expected


def test_pandas_writes_appends_and_replaces(engine: Any) -> None:
    from sqlalchemy.dialects import oracle

    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "name": ["a", None, "站"],
            "part": [0.5, 1.25, None],
            "made": pd.to_datetime(["2026-01-01 02:03:04", None, "2026-02-01 00:00:00"]),
        }
    )
    types = {"part": oracle.BINARY_DOUBLE}
    for existing, copies in (("fail", 1), ("append", 2), ("replace", 1)):
        frame.to_sql("copied", engine, index=False, if_exists=existing, dtype=types)
        found = pd.read_sql("SELECT * FROM copied", engine)
        assert sorted(plain(found), key=str) == sorted(plain(frame) * copies, key=str)


def test_polars_reads_through_driver_and_engine(
    server: LocalOracle, engine: Any, expected: list[tuple[Any, ...]]
) -> None:
    polars = pytest.importorskip("polars")
    assert polars.read_database(QUERY, engine).rows() == expected
    with oracledb.connect(user=server.user, password=server.password, dsn=server.dsn) as connection:
        assert polars.read_database(QUERY, connection).rows() == expected


def test_adbc_reads_arrow(server: LocalOracle, expected: list[tuple[Any, ...]]) -> None:
    adbc = pytest.importorskip("adbc_driver_oracle.dbapi")
    uri = f"oracle://{server.user}:{server.password}@{server.dsn}"
    with adbc.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        table = cursor.fetch_arrow_table()
    assert table.num_rows == ROWS
    for index, column in enumerate(table.columns):
        assert column.to_pylist() == [row[index] for row in expected]


def test_asyncio_reads_writes_and_pipelines(
    server: LocalOracle, expected: list[tuple[Any, ...]]
) -> None:
    async def ask() -> tuple[list[Any], list[Any]]:
        async with oracledb.connect_async(
            user=server.user, password=server.password, dsn=server.dsn
        ) as connection:
            with connection.cursor() as cursor:
                await cursor.execute(QUERY)
                rows = [row async for row in cursor]
            await connection.execute("CREATE TABLE numbered (n NUMBER(5))")
            await connection.executemany("INSERT INTO numbered VALUES (:1)", [(1,), (2,)])
            await connection.commit()
            pipeline = oracledb.create_pipeline()
            pipeline.add_fetchall("SELECT n FROM numbered ORDER BY n")
            pipeline.add_fetchone("SELECT SUM(n) FROM numbered")
            return rows, [result.rows for result in await connection.run_pipeline(pipeline)]

    rows, results = asyncio.run(ask())
    assert rows == expected
    assert results == [[(1,), (2,)], [(3,)]]
