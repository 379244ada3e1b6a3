"""Each way that a Database reads: binds, sizes of batches, time limits, connections kept."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tracekit.errors import FetchError
from tracekit.oracle import Database
from tracekit.oracle.readers import Readers
from tracekit.testbed import LocalOracle

NUMBERS = "SELECT LEVEL AS N FROM DUAL CONNECT BY LEVEL <= :n"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as running:
        yield running


@pytest.fixture
def database(local: LocalOracle) -> Database:
    return Database(local.dsn, local.user, local.password, fetchmany_size=3, retry_attempts=0)


@pytest.mark.parametrize(("size", "sizes"), [(None, [3, 2]), (2, [2, 2, 1]), (9, [5])])
def test_rows_come_in_batches_of_the_size_asked_for(
    database: Database, size: int | None, sizes: list[int]
) -> None:
    batches = list(database.read_sql_df_slow_iter(NUMBERS, {"n": 5}, batch_size=size))
    assert [list(columns) for columns, _ in batches] == [["N"]] * len(sizes)
    assert [len(rows) for _, rows in batches] == sizes
    assert [row[0] for _, rows in batches for row in rows] == [1, 2, 3, 4, 5]
    arrow = list(database.read_sql_arrow_iter(NUMBERS, {"n": 5}, batch_size=size))
    assert [batch.num_rows for batch in arrow] == sizes
    assert [int(n) for batch in arrow for n in batch.column(0).to_pylist()] == [1, 2, 3, 4, 5]


def test_a_frame_has_every_row_and_descriptions_need_no_run(database: Database) -> None:
    assert database.read_sql_df(NUMBERS, {"n": 4})["N"].tolist() == [1, 2, 3, 4]
    assert [column.name for column in database.describe(NUMBERS)] == ["N"]
    shape = database.describe_arrow(NUMBERS)
    (batch,) = database.read_sql_arrow_iter(NUMBERS, {"n": 1}, shape=shape)
    assert batch.schema.names == ["N"]


@pytest.mark.parametrize("named", [True, False])
def test_lobs_come_as_text_fractions_are_bound_and_names_are_in_upper_case(
    database: Database, named: bool
) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000)
    sql = "SELECT TO_CLOB('long text') AS c, :t AS \"low\", :d AS d FROM DUAL"
    whole = moment.replace(microsecond=0)
    binds = {"t": moment, "d": whole} if named else [moment, whole]
    ((columns, rows),) = database.read_sql_df_slow_iter(sql, binds)
    assert (list(columns), list(map(tuple, rows))) == (
        ["C", "LOW", "D"],
        [("long text", moment, whole)],
    )
    frame = database.read_sql_df(sql, binds)
    assert list(frame.columns) == ["C", "LOW", "D"]
    assert frame.iloc[0].tolist() == ["long text", moment, whole]


def test_what_is_no_query_is_refused(database: Database) -> None:
    for read in (database.read_sql_df, database.describe, database.describe_arrow):
        with pytest.raises(FetchError, match=r"'BEGIN NULL; END;' is not a query"):
            read("BEGIN NULL; END;")


READS: dict[str, Callable[[Database], Any]] = {
    "rows": lambda database: list(
        database.read_sql_df_slow_iter(NUMBERS, {"n": 1}, timeout_seconds=0.05)
    ),
    "arrow": lambda database: list(
        database.read_sql_arrow_iter(NUMBERS, {"n": 1}, timeout_seconds=0.05)
    ),
    "frame": lambda database: database.read_sql_df(NUMBERS, {"n": 1}, timeout_seconds=0.05),
    "describe": lambda database: database.describe(NUMBERS, timeout_seconds=0.05),
    "describe_arrow": lambda database: database.describe_arrow(NUMBERS, timeout_seconds=0.05),
}


@pytest.mark.parametrize("way", READS)
def test_the_time_limit_of_a_read_is_its_own(
    local: LocalOracle, database: Database, way: str
) -> None:
    local.faults.stall()
    try:
        with pytest.raises(FetchError, match="DPY-4024"):
            READS[way](database)
    finally:
        local.faults.release()
        local.faults.clear()


def test_a_connection_has_the_time_limit_of_its_block(database: Database) -> None:
    with database.connect() as connection:
        assert connection.call_timeout == database.call_timeout_ms
        assert connection.stmtcachesize == 20
    with database.connect(timeout_seconds=1.5) as connection:
        assert connection.call_timeout == 1500
    with database.connect(timeout_seconds=0.0001) as connection:
        assert connection.call_timeout == 1


def test_readers_keep_one_connection_from_query_to_query(local: LocalOracle) -> None:
    readers = Readers()
    database = Database(local.dsn, local.user, local.password, retry_attempts=0)
    mine = database.read_by(readers)
    with mine.connect() as first:
        pass
    with mine.connect() as second:
        assert second is first
        assert second.is_healthy()
    readers.close()
    assert not first.is_healthy()
    with database.connect() as alone:
        pass
    assert not alone.is_healthy()


def test_a_cancelled_reader_says_why_and_what_to_do(database: Database) -> None:
    readers = Readers()
    readers.cancel()
    with pytest.raises(FetchError) as caught:
        database.read_by(readers).read_sql_df(NUMBERS, {"n": 1})
    assert str(caught.value) == (
        "the read was cancelled because its consumer had gone. Start it again"
    )
