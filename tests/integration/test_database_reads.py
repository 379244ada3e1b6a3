"""Each way that a Database reads: binds, sizes of batches, time limits, connections kept."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tracekit.errors import ConnectError, FetchError
from tracekit.oracle import Database
from tracekit.oracle.arrow import NoArrowType, NotWholeNumber
from tracekit.oracle.key_list import read_keys
from tracekit.oracle.readers import Readers
from tracekit.testbed import LocalOracle

NUMBERS = "SELECT LEVEL AS N FROM DUAL CONNECT BY LEVEL <= :n"


@pytest.fixture
def local(local_oracle_server: LocalOracle) -> Iterator[LocalOracle]:
    with local_oracle_server.fresh() as mine:
        yield mine


@pytest.fixture
def database(local: LocalOracle) -> Database:
    return Database(local.dsn, local.user, local.password, fetchmany_size=3, retry_attempts=0)


@pytest.mark.parametrize(("size", "sizes"), [(None, [3, 2]), (2, [2, 2, 1]), (9, [5])])
def test_rows_come_in_batches_of_the_requested_size(
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


def test_a_statement_that_is_not_a_query_is_refused(database: Database) -> None:
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


@pytest.mark.parametrize("arrow", [False, True])
def test_a_read_whose_connection_fails_before_its_first_batch_is_run_again(
    local: LocalOracle, arrow: bool
) -> None:
    database = Database(
        local.dsn, local.user, local.password, retry_attempts=1, retry_wait_ms=1, fetchmany_size=3
    )
    read = database.read_sql_arrow_iter if arrow else database.read_sql_df_slow_iter
    local.faults.drop(once=True)
    try:
        batches = list(read(NUMBERS, {"n": 5}))
    finally:
        local.faults.clear()
    assert (len(batches), database.retry.count) == (2, 1)


def test_readers_do_their_own_retries(local: LocalOracle) -> None:
    database = Database(local.dsn, local.user, local.password, retry_wait_ms=1)
    local.faults.drop(once=True)
    try:
        with pytest.raises(FetchError, match="DPY-4011"):
            database.read_by(Readers()).read_sql_df(NUMBERS, {"n": 5})
    finally:
        local.faults.clear()
    assert database.retry.count == 0


def test_a_connection_has_the_time_limit_of_its_block(database: Database) -> None:
    with database.connect() as connection:
        assert connection.call_timeout == database.call_timeout_ms
        assert connection.stmtcachesize == 20
    with database.connect(timeout_seconds=1.5) as connection:
        assert connection.call_timeout == 1500
    with database.connect(timeout_seconds=0.0001) as connection:
        assert connection.call_timeout == 1


def test_a_connection_is_waited_for_while_all_are_in_use(local: LocalOracle) -> None:
    one_at_a_time = {"max_concurrent": 1, "retry_attempts": 0}
    patient = Database(local.dsn, local.user, local.password, **one_at_a_time)
    with ExitStack() as held:
        held.enter_context(patient.connect())
        soon = threading.Timer(0.05, held.close)
        soon.start()
        assert len(patient.read_sql_df(NUMBERS, {"n": 1})) == 1
        soon.join()


def test_waiting_too_long_for_a_connection_is_an_error_with_advice(local: LocalOracle) -> None:
    hurried = Database(local.dsn, local.user, local.password, max_concurrent=1, call_timeout_ms=50)
    with hurried.connect(timeout_seconds=60), pytest.raises(ConnectError) as caught:
        hurried.read_sql_df(NUMBERS, {"n": 1})
    assert str(caught.value) == (
        f"no connection to {local.dsn} came free within 50 ms: all 1 are in use. Close "
        "iterators that you do not read to the end, or raise DB_SLOW_MAX_CONCURRENT."
    )
    assert len(hurried.read_sql_df(NUMBERS, {"n": 1}, timeout_seconds=60)) == 1


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


KINDS = {
    "NUMBER(1)": "int64",
    "NUMBER(18)": "int64",
    "NUMBER(19)": "decimal128(38, 0)",
    "NUMBER(38)": "decimal128(38, 0)",
    "NUMBER(10, 2)": "double",
    "NUMBER": "double",
    "BINARY_DOUBLE": "double",
    "VARCHAR2(9)": "large_string",
    "CHAR(9)": "large_string",
    "CLOB": "large_string",
    "RAW(9)": "large_binary",
    "BLOB": "large_binary",
    "DATE": "timestamp[s]",
    "TIMESTAMP(0)": "timestamp[s]",
    "TIMESTAMP(1)": "timestamp[ms]",
    "TIMESTAMP(3)": "timestamp[ms]",
    "TIMESTAMP(4)": "timestamp[us]",
    "TIMESTAMP(6)": "timestamp[us]",
    "TIMESTAMP(7)": "timestamp[us]",
    "TIMESTAMP(9)": "timestamp[us]",
    "TIMESTAMP WITH TIME ZONE": "timestamp[us]",
}


def test_each_type_of_oracle_has_its_type_in_arrow(database: Database) -> None:
    columns = [f"c{number} {kind}" for number, kind in enumerate(KINDS)]
    with database.connect() as connection:
        connection.cursor().execute(f"CREATE TABLE every_kind ({', '.join(columns)})")
    shape = database.describe_arrow("SELECT * FROM every_kind")
    assert dict(zip(KINDS, map(str, shape.schema.types), strict=True)) == KINDS
    (empty,) = database.read_sql_arrow_iter("SELECT * FROM every_kind")
    assert (empty.schema, empty.num_rows) == (shape.schema, 0)
    number = list(KINDS).index("NUMBER")
    assert shape.unbounded == (number,)
    whole = shape.with_whole_numbers()
    assert whole.unbounded == ()
    changed = [n for n, kind in enumerate(whole.schema) if kind != shape.schema[n]]
    assert changed == [number]
    assert str(whole.schema[number].type) == "decimal128(38, 0)"
    for name, kind in enumerate(KINDS):
        alike = database.describe_arrow(f"SELECT c{name} FROM every_kind").same_as_rows
        assert alike is (kind not in {"CLOB", "RAW(9)", "BLOB", "TIMESTAMP WITH TIME ZONE"}), kind
    assert not shape.same_as_rows
    assert whole.same_as_rows is shape.same_as_rows


def test_a_type_without_a_counterpart_in_arrow_is_named(database: Database) -> None:
    with pytest.raises(NoArrowType) as caught:
        database.describe_arrow("SELECT NUMTODSINTERVAL(1, 'DAY') AS wait FROM DUAL")
    assert str(caught.value) == (
        "column WAIT is DB_TYPE_INTERVAL_DS, which has no Arrow type. CAST it in the query, or "
        "read rows with read_sql_df_slow_iter()."
    )


@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_that_arrow_would_round_are_refused(database: Database, sign: str) -> None:
    sql = f"SELECT 'x' AS t, {sign}{{}} + 0 AS n FROM DUAL"
    (batch,) = database.read_sql_arrow_iter(sql.format(2**53 - 1))
    assert batch.column(1).to_pylist() == [float(f"{sign}{2**53 - 1}")]
    with pytest.raises(FetchError, match=r"^column N is NUMBER without precision and holds a"):
        list(database.read_sql_arrow_iter(sql.format(2**53)))
    (nothing,) = database.read_sql_arrow_iter("SELECT NULL + 0 AS n FROM DUAL")
    assert nothing.column(0).to_pylist() == [None]


def test_numbers_without_precision_may_be_read_as_whole_ones(database: Database) -> None:
    sql = "SELECT {} + 0 AS n FROM DUAL"
    whole = database.describe_arrow(sql.format(1)).with_whole_numbers()
    large = 2**60 + 1
    (batch,) = database.read_sql_arrow_iter(sql.format(large), shape=whole)
    assert batch.column(0).to_pylist() == [large]
    with pytest.raises(NotWholeNumber, match="holds a fraction"):
        list(database.read_sql_arrow_iter(sql.format(1.5), shape=whole))
    with pytest.raises(FetchError, match="ORA-01722"):
        list(database.read_sql_arrow_iter(sql.format("TO_NUMBER('x')"), shape=whole))


def test_fractions_of_a_second_find_their_row_in_arrow_as_in_rows(database: Database) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000)
    with database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE moments (at TIMESTAMP(6), t VARCHAR2(9), n NUMBER(3))")
        cursor.execute("INSERT INTO moments VALUES (TIMESTAMP '2026-01-02 03:04:05.6', 'x', 7)")
        connection.commit()
    sql = "SELECT n FROM moments WHERE at = :1 AND t = :2"
    for binds in ([moment, "x"], (moment, "x")):
        (batch,) = database.read_sql_arrow_iter(sql, binds)
        assert batch.to_pylist() == [{"N": 7}]
        ((_, rows),) = database.read_sql_df_slow_iter(sql, binds)
        assert list(map(tuple, rows)) == [(7,)]


def test_keys_are_the_values_of_one_column_or_tuples_of_several(database: Database) -> None:
    assert read_keys(database, f"{NUMBERS} ; ", {"n": 4}) == [1, 2, 3, 4]
    assert read_keys(database, NUMBERS, {"n": 4}, limit=2) == [1, 2]
    assert read_keys(database, NUMBERS, {"n": 4}, limit=9) == [1, 2, 3, 4]
    pairs = "SELECT LEVEL AS n, 'x' AS t FROM DUAL CONNECT BY LEVEL <= 2"
    assert list(map(tuple, read_keys(database, pairs))) == [(1, "x"), (2, "x")]


def test_keys_beyond_the_limit_are_not_read(local: LocalOracle, database: Database) -> None:
    local.faults.drop_after(6)
    try:
        assert read_keys(database, NUMBERS, {"n": 9}, limit=3) == [1, 2, 3]
        assert read_keys(database, NUMBERS, {"n": 9}, limit=6) == [1, 2, 3, 4, 5, 6]
        with pytest.raises(FetchError):
            read_keys(database, NUMBERS, {"n": 9}, limit=7)
    finally:
        local.faults.clear()
