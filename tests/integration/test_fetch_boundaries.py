"""Row batches, Arrow batches and frames at every boundary, and what is left when one is dropped."""

import threading
from datetime import datetime
from decimal import Decimal

import oracledb
import pyarrow as pa
import pytest

from tracekit.errors import ConnectError, FetchError
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle

NUMBERED = (
    "SELECT N FROM (SELECT ROW_NUMBER() OVER (ORDER BY CONTAINERID, TRACKINTIMESTAMP, EQUIPMENTID,"
    " SPECNAME) AS N FROM DWH.DW_MES_LOTWIPHISTORY) WHERE N <= :top ORDER BY N"
)


@pytest.fixture(scope="module")
def oracle():
    with LocalOracle("trace-smoke") as local:
        yield local


@pytest.fixture
def database(oracle):
    return Database(oracle.dsn, oracle.user, oracle.password, max_concurrent=2)


@pytest.mark.parametrize("count", [0, 1, 4_999, 5_000, 5_001, 10_000])
def test_every_way_of_reading_gives_every_row_once(database, count):
    expected = list(range(1, count + 1))
    batches = list(database.read_sql_df_slow_iter(NUMBERED, {"top": count}))
    assert all(columns == ["N"] for columns, _ in batches)
    assert [row[0] for _, rows in batches for row in rows] == expected
    assert [len(rows) for _, rows in batches] == sizes(count)
    frame = database.read_sql_df(NUMBERED, {"top": count})
    assert frame["N"].tolist() == expected
    arrow = list(database.read_sql_arrow_iter(NUMBERED, {"top": count}))
    assert len({str(batch.schema) for batch in arrow}) == 1
    assert pa.Table.from_batches(arrow)["N"].to_pylist() == expected
    assert [len(batch) for batch in arrow] == (sizes(count) or [0])


def sizes(count):
    full, rest = divmod(count, 5_000)
    return [5_000] * full + [rest] * (rest > 0)


def test_arrow_types_follow_the_describe_information():
    with LocalOracle(":memory:") as local, local.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(
            "CREATE TABLE KINDS (WHOLE NUMBER(18), LONG_WHOLE NUMBER(38), FRACTION NUMBER(10, 2),"
            " FLOATING BINARY_DOUBLE, TEXT VARCHAR2(20), DAY DATE)"
        )
        cursor.execute(
            "INSERT INTO KINDS VALUES (:a, :b, :c, :d, :e, :f)",
            [123456789012345678, 9007199254740993, 1.5, 2.5, "機台", datetime(2026, 1, 2, 3)],
        )
        connection.commit()
        (batch,) = local.database.read_sql_arrow_iter("SELECT * FROM KINDS")
    assert [str(field.type) for field in batch.schema] == [
        "int64",
        "decimal128(38, 0)",
        "double",
        "double",
        "large_string",
        "timestamp[s]",
    ]
    assert batch.to_pylist() == [
        {
            "WHOLE": 123456789012345678,
            "LONG_WHOLE": Decimal(9007199254740993),
            "FRACTION": 1.5,
            "FLOATING": 2.5,
            "TEXT": "機台",
            "DAY": datetime(2026, 1, 2, 3),
        }
    ]


CALENDAR = ["0001-01-01 00:00:00", "1677-09-21 00:12:43.145224", "9999-12-31 23:59:59.999999"]
NANOSECONDS = ["1677-09-22 00:00:00", "1969-12-31 23:59:59.999999999", "2262-04-10 23:59:59.9"]


@pytest.mark.parametrize(
    ("digits", "moments"),
    [(6, CALENDAR), *((digits, NANOSECONDS) for digits in range(7, 10))],
)
def test_moments_are_the_same_in_arrow_as_in_rows_at_both_ends_of_the_calendar(digits, moments):
    with LocalOracle(":memory:") as local, local.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE MOMENTS (N NUMBER(3), AT TIMESTAMP({digits}))")
        for n, moment in enumerate(moments):
            cursor.execute(f"INSERT INTO MOMENTS VALUES ({n}, TIMESTAMP '{moment}')")
        connection.commit()
        query = "SELECT AT FROM MOMENTS ORDER BY N"
        (batch,) = local.database.read_sql_arrow_iter(query)
        ((_, rows),) = local.database.read_sql_df_slow_iter(query)
    assert batch.column(0).to_pylist() == [at for (at,) in rows]
    assert len(rows) == len(moments)


@pytest.mark.parametrize("moment", ["9999-12-31 23:59:59", "1677-09-21 00:12:43.145224192"])
def test_nanoseconds_the_local_oracle_cannot_keep_are_refused(moment):
    with LocalOracle(":memory:") as local, local.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE MOMENTS (AT TIMESTAMP(9))")
        with pytest.raises(oracledb.DatabaseError, match=r"ORA-03001.*before 1677-09-22"):
            cursor.execute(f"INSERT INTO MOMENTS VALUES (TIMESTAMP '{moment}')")


def test_a_number_without_precision_is_refused_where_arrow_would_round_it(database):
    sql = "SELECT {} + 0 AS N FROM DUAL"
    (batch,) = database.read_sql_arrow_iter(sql.format(2**53 - 1))
    assert batch.to_pylist() == [{"N": 2.0**53 - 1}]
    with pytest.raises(FetchError, match=r"column N is NUMBER without precision.*2\*\*53"):
        list(database.read_sql_arrow_iter(sql.format(2**53 + 1)))


def test_an_abandoned_iterator_gives_its_connection_back(database):
    for _ in range(5):  # more than there are slots
        rows = database.read_sql_df_slow_iter(NUMBERED, {"top": 5_000}, batch_size=10)
        assert len(next(rows)[1]) == 10
        rows.close()
        arrow = database.read_sql_arrow_iter(NUMBERED, {"top": 5_000}, batch_size=10)
        assert len(next(arrow)) == 10
        arrow.close()


def test_no_more_connections_than_allowed_are_open_at_once(database):
    one = database.read_sql_df_slow_iter(NUMBERED, {"top": 10})
    two = database.read_sql_df_slow_iter(NUMBERED, {"top": 10})
    next(one), next(two)
    third = threading.Thread(target=database.read_sql_df, args=(NUMBERED, {"top": 1}))
    third.start()
    third.join(0.2)
    assert third.is_alive()
    one.close()
    third.join(20)
    assert not third.is_alive()
    two.close()


def test_ten_threads_get_their_own_rows(oracle):
    shared = Database(oracle.dsn, oracle.user, oracle.password, max_concurrent=10)
    found = {}

    def read(count):
        batches = shared.read_sql_df_slow_iter(NUMBERED, {"top": count}, batch_size=97)
        found[count] = [row[0] for _, rows in batches for row in rows]

    threads = [threading.Thread(target=read, args=(n * 100,)) for n in range(1, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {n * 100: list(range(1, n * 100 + 1)) for n in range(1, 11)}


def test_a_wrong_password_is_a_connect_error_that_does_not_show_it(oracle):
    wrong = Database(oracle.dsn, oracle.user, "not-the-password")
    with pytest.raises(ConnectError, match=r"ORA-01017.*DB_PASSWORD") as caught:
        wrong.read_sql_df("SELECT 1 FROM DUAL")
    assert "not-the-password" not in str(caught.value)


def test_a_query_that_fails_is_a_fetch_error_without_its_binds(database):
    with pytest.raises(FetchError, match="ORA-00942") as caught:
        list(database.read_sql_df_slow_iter("SELECT * FROM NOWHERE WHERE A = :a", {"a": "SECRET"}))
    assert "SECRET" not in str(caught.value)
    with pytest.raises(FetchError, match="is not a query"):
        database.read_sql_df("COMMIT")
