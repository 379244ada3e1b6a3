"""Cursors through the real driver: scrolling, first batches, rows that fail among many."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import oracledb
import pyarrow as pa
import pytest

from tracekit import LocalOracle

COUNTED = "SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 1200 ORDER BY 1"
ROWS = 1200


@pytest.fixture(scope="module", name="local")
def _local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local, _connect(local) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE notes (id NUMBER(5), t CLOB)")
        cursor.executemany("INSERT INTO notes VALUES (:1, :2)", [(i, "x" * i) for i in range(1, 8)])
        connection.commit()
        yield local


@pytest.fixture(name="connection")
def _connection(local: LocalOracle) -> Iterator[oracledb.Connection]:
    with _connect(local) as connection:
        connection.call_timeout = 20_000
        yield connection


def _connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


@pytest.mark.parametrize(("prefetch", "array"), [(0, 5), (2, 100), (100, 7)])
def test_scrolling_meets_the_rows_of_a_list(
    connection: oracledb.Connection, prefetch: int, array: int
) -> None:
    cursor = connection.cursor(scrollable=True)
    cursor.prefetchrows, cursor.arraysize = prefetch, array
    moves = random.Random(prefetch)
    for _ in range(2):  # the second time the statement is known to both sides
        cursor.execute(COUNTED)
        assert cursor.fetchone() == (1,)
        for _ in range(40):
            to = moves.randint(1, ROWS)
            if moves.random() < 0.5:
                cursor.scroll(to - cursor.rowcount)
            else:
                cursor.scroll(to, mode="absolute")
            wanted = [(n,) for n in range(to, min(to + 3, ROWS + 1))]
            assert cursor.fetchmany(3) == wanted
            assert cursor.rowcount == wanted[-1][0]
        cursor.scroll(mode="first")
        assert [number for (number,) in cursor] == list(range(1, ROWS + 1))
        cursor.scroll(mode="last")
        assert cursor.fetchall() == [(ROWS,)]


def test_scrolling_out_of_the_result_is_an_error(connection: oracledb.Connection) -> None:
    cursor = connection.cursor(scrollable=True)
    cursor.execute("SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 10")
    for beyond in (0, 11):
        with pytest.raises(oracledb.Error, match="DPY-2063"):
            cursor.scroll(beyond, mode="absolute")
    cursor.scroll(10, mode="absolute")
    assert cursor.fetchall() == [(10,)]
    cursor.execute("SELECT 1 FROM DUAL WHERE 1 = 0")
    assert cursor.fetchall() == []


@pytest.mark.parametrize("fetch_lobs", [True, False])
@pytest.mark.parametrize("prefetch", [0, 2, 100])
def test_scrolling_over_lobs(
    connection: oracledb.Connection, fetch_lobs: bool, prefetch: int
) -> None:
    cursor = connection.cursor(scrollable=True)
    cursor.prefetchrows, cursor.arraysize = prefetch, 2
    for _ in range(2):
        cursor.execute("SELECT id, t FROM notes ORDER BY id", fetch_lobs=fetch_lobs)
        assert [len(str(text)) for _, text in cursor] == list(range(1, 8))
        cursor.scroll(3, mode="absolute")
        assert [(i, str(text)) for i, text in cursor.fetchmany(2)] == [(3, "xxx"), (4, "xxxx")]


def test_the_first_batch_of_a_lob_query_has_rows(connection: oracledb.Connection) -> None:
    for _ in range(2):
        frames = connection.fetch_df_batches("SELECT id, t FROM notes ORDER BY id", size=3)
        assert [pa.table(frame).num_rows for frame in frames] == [3, 3, 1]


def test_a_pipeline_keeps_the_rows_of_lob_queries(local: LocalOracle) -> None:
    async def run() -> list[object]:
        connection = await oracledb.connect_async(
            user=local.user, password=local.password, dsn=local.dsn
        )
        pipeline = oracledb.create_pipeline()
        query = "SELECT t, id FROM notes WHERE id < 3 ORDER BY id"
        pipeline.add_fetchall(query, fetch_lobs=False)
        pipeline.add_fetchone(query, fetch_lobs=False)
        pipeline.add_fetchmany(query, num_rows=1, fetch_lobs=False)
        results = await connection.run_pipeline(pipeline)
        await connection.close()
        return [result.rows for result in results]

    one, two = ("x", 1), ("xx", 2)
    assert asyncio.run(run()) == [[one, two], [one], [one]]


def test_the_row_that_fails_among_many_is_named(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE many (id NUMBER(5) PRIMARY KEY)")
    rows = [(i,) for i in range(3000)]
    rows[2100] = (5,)
    with pytest.raises(oracledb.IntegrityError) as caught:
        cursor.executemany("INSERT INTO many VALUES (:1)", rows)
    assert (caught.value.args[0].offset, cursor.rowcount) == (2100, 2100)
    assert cursor.execute("SELECT COUNT(*), MAX(id) FROM many").fetchone() == (2100, 2099)
    cursor.execute("DROP TABLE many")


def test_rows_that_fail_leave_the_others_and_the_work_before(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE few (id NUMBER(5) PRIMARY KEY, q NUMBER(3))")
    cursor.execute("INSERT INTO few VALUES (70, 0)")
    connection.commit()
    cursor.execute("UPDATE few SET q = 9")
    rows = [(i // 2, i) if i != 40 else (i, 5000) for i in range(100)]
    cursor.executemany("INSERT INTO few VALUES (:1, :2)", rows, batcherrors=True)
    failed = [(error.offset, error.code) for error in cursor.getbatcherrors()]
    assert failed == sorted([(i, 1) for i in range(1, 100, 2) if i != 41] + [(40, 1438)])
    assert cursor.rowcount == 50
    assert cursor.execute("SELECT COUNT(*), SUM(q) FROM few").fetchone() == (51, 9 + 2450 - 40 + 41)
    connection.rollback()
    assert cursor.execute("SELECT id, q FROM few").fetchall() == [(70, 0)]
    cursor.execute("DROP TABLE few")


def test_a_statement_that_cannot_run_fails_once_for_all_rows(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
        cursor.executemany("INSERT INTO nowhere VALUES (:1)", [(1,), (2,)], batcherrors=True)


def test_whole_and_broken_numbers_go_in_together(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE mixed (n NUMBER, place NUMBER(4))")
    numbers = [i if i % 3 else i + 0.25 for i in range(400)]
    cursor.executemany(
        "INSERT INTO mixed VALUES (:1, :2)", [(n, place) for place, n in enumerate(numbers)]
    )
    got = cursor.execute("SELECT n FROM mixed ORDER BY place").fetchall()
    assert [n for (n,) in got] == numbers
    cursor.execute("DROP TABLE mixed")


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.cursor().execute("BEGIN no_such(:1); END;", [c.cursor()]),
        lambda c: c.gettype("NO_SUCH_TYPE"),
        lambda c: c.changepassword("old", "new"),
        lambda c: c.cursor().execute("SELECT :1 FROM DUAL", [oracledb.IntervalYM(1, 2)]).fetchall(),
        lambda c: (
            c.cursor()
            .execute("SELECT :1 FROM DUAL", [c.cursor().var(oracledb.DB_TYPE_BFILE)])
            .fetchall()
        ),
    ],
    ids=["ref cursor", "type", "password", "interval", "bfile"],
)
def test_what_is_not_served_is_answered(connection: oracledb.Connection, ask) -> None:  # type: ignore[no-untyped-def]
    try:
        ask(connection)
    except oracledb.Error as error:
        assert not {"DPY-4024", "DPY-4011", "DPY-1001"} & {error.args[0].full_code}
    assert connection.cursor().execute("SELECT 1 FROM DUAL").fetchone() == (1,)


def test_the_driver_hears_of_a_new_current_schema(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE USER other IDENTIFIED BY secret1")
    cursor.execute("ALTER SESSION SET CURRENT_SCHEMA = other")
    assert connection.current_schema == "OTHER"


@pytest.mark.parametrize("count", [2500, 40_000])
def test_keys_in_many_lists_are_found(connection: oracledb.Connection, count: int) -> None:
    lists = [range(start, min(start + 1000, count)) for start in range(0, count, 1000)]
    found = " OR ".join(f"id IN ({','.join(f':k{n}' for n in one)})" for one in lists)
    binds = {f"k{n}": n + 3 for n in range(count)}
    query = "SELECT COUNT(*) FROM notes WHERE "
    assert connection.cursor().execute(query + found, binds).fetchone() == (5,)
    for apart in (f"1 = 0 AND {found}", f"{found} AND 1 = 0"):
        row = connection.cursor().execute(query + apart, binds).fetchone()
        assert row == (5 if apart.startswith("id") and count > 1000 else 0,)
