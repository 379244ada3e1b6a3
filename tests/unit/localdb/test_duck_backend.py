from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.localdb.plain_rows import plain_row
from tracekit.errors import ConnectError
from tracekit.localdb.backend import StatementKind
from tracekit.localdb.duck import DuckBackend, open_backend
from tracekit.localdb.duck.session import DuckSession
from tracekit.localdb.duck.source import READ_ROWS
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import OracleType

ROWS = 30_000
ENDLESS = "SELECT COUNT(*) FROM EVENTS a, EVENTS b, EVENTS c WHERE a.QTY * b.QTY * c.QTY > 5"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duck") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA DWH")
        connection.execute(
            f"""
            CREATE TABLE DWH.EVENTS AS
            SELECT printf('%08d', i) AS CONTAINERID, i % 1000 AS QTY,
                   CASE WHEN i % 7 > 0 THEN '站' || i END AS NAME
            FROM range({ROWS}) AS rows(i)
            """
        )
        connection.execute("CREATE TABLE DWH.lots (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
        connection.execute("INSERT INTO DWH.lots VALUES (1, 'one'), (2, 'two')")
    return path


@pytest.fixture
def backend(file: Path) -> Iterator[DuckBackend]:
    threads = threading.active_count()
    backend = open_backend(str(file), sysdate=datetime(2026, 3, 1, 12))
    yield backend
    backend.close()
    assert threading.active_count() == threads


@pytest.fixture
def session(backend: DuckBackend) -> DuckSession:
    return backend.open_session("DWH")


@pytest.fixture
def empty() -> Iterator[DuckSession]:
    backend = open_backend(":memory:")
    yield backend.open_session("DWH")
    backend.close()


def run(session: DuckSession, sql: str, *rows: list[Any]) -> int:
    outcome = session.execute(session.prepare(sql), rows)
    assert outcome.result is None
    for failed in outcome.failures:
        raise failed.error
    return outcome.row_count


def read(session: DuckSession, sql: str, *binds: Any) -> list[bytes]:
    """The wire image of each row of a query."""
    stream = session.execute(session.prepare(sql), [binds]).result
    assert stream is not None
    found = []
    while (piece := stream.next_batch()) is not None:
        assert piece.row_count > 0
        ends = piece.offsets.tolist()
        found += [bytes(piece.data[start:end]) for start, end in pairwise(ends)]
    stream.close()
    return found


def image(session: DuckSession, sql: str, *rows: list[Any]) -> list[bytes]:
    """What the rows should look like, by the plain encoder."""
    columns = list(session.describe(session.prepare(sql)))
    return [plain_row(row, columns) for row in rows]


def failure(call: Callable[[], Any]) -> OraError:
    with pytest.raises(OraError) as caught:
        call()
    return caught.value


def count(session: DuckSession, sql: str) -> int:
    """The one number a query answers, below 10,000."""
    (row,) = read(session, sql)
    pairs = row[3:]
    return (
        0
        if row[2] == 0x80
        else sum((pair - 1) * 100 ** (row[2] - 0xC1 - index) for index, pair in enumerate(pairs))
    )


def test_all_rows_arrive_in_order(session: DuckSession) -> None:
    sql = "SELECT CONTAINERID, QTY, NAME FROM DWH.EVENTS"
    rows = [[f"{i:08}", i % 1000, f"站{i}" if i % 7 else None] for i in range(ROWS)]
    assert read(session, sql) == image(session, sql, *rows)


def test_sorted_rows_are_spooled_and_complete(session: DuckSession) -> None:
    sql = "SELECT CONTAINERID FROM EVENTS ORDER BY QTY DESC, CONTAINERID"
    ids = sorted(range(ROWS), key=lambda i: (-(i % 1000), i))
    assert read(session, sql) == image(session, sql, *([f"{i:08}"] for i in ids))


def test_large_sorted_results_go_through_a_file_that_vanishes(tmp_path: Path, file: Path) -> None:
    backend = open_backend(str(file), spool_dir=tmp_path)
    session = backend.open_session("DWH")
    sql = "SELECT CONTAINERID, RPAD(CONTAINERID, 300, 'x') AS TEXT FROM EVENTS ORDER BY QTY"
    stream = session.execute(session.prepare(sql), [()]).result
    assert stream is not None
    first = stream.next_batch()
    assert first is not None
    (spool_folder,) = tmp_path.iterdir()
    assert not [path for path in spool_folder.iterdir() if path.suffix == ".arrow"]
    rows = first.row_count
    while (piece := stream.next_batch()) is not None:
        rows += piece.row_count
    assert rows == ROWS
    backend.close()
    assert list(tmp_path.iterdir()) == []


def test_the_first_rows_come_before_the_first_batch_is_full(session: DuckSession) -> None:
    stream = session.execute(session.prepare("SELECT * FROM EVENTS"), [()]).result
    assert stream is not None
    first, second = stream.next_batch(), stream.next_batch()
    assert first is not None and second is not None
    assert first.row_count < second.row_count < READ_ROWS
    stream.close()
    stream.close()
    assert failure(stream.next_batch).number == 1002


def test_an_idle_result_works_only_a_little_ahead(session: DuckSession) -> None:
    streams = [
        session.execute(session.prepare("SELECT * FROM EVENTS"), [()]).result for _ in range(3)
    ]
    for stream in streams:
        assert stream is not None
        stream.next_batch()
    assert threading.active_count() >= 4
    run(session, "INSERT INTO lots VALUES (3, 'three')")  # open results stand in nobody's way
    assert count(session, "SELECT COUNT(*) FROM lots") == 3
    for stream in streams:
        assert stream is not None
        assert stream.next_batch() is not None


def test_prepared_once_executed_with_new_binds(session: DuckSession) -> None:
    sql = "SELECT NAME FROM EVENTS WHERE CONTAINERID IN (:p0, :p1, :p2) ORDER BY CONTAINERID"
    statement = session.prepare(sql)
    assert session.prepare(sql) is statement
    assert list(statement.bind_names) == ["P0", "P1", "P2"]
    assert read(session, sql, "00000001", "00000003", None) == image(session, sql, ["站1"], ["站3"])
    assert read(session, sql, "00000009", "nope", "00000008") == image(
        session, sql, ["站8"], ["站9"]
    )


def test_binds_of_every_type(session: DuckSession) -> None:
    def same(sql: str, *binds: Any) -> bool:
        return len(read(session, f"SELECT 1 FROM DUAL WHERE {sql}", *binds)) == 1

    moment = datetime(2026, 3, 1, 12)
    assert same(":n = 1.5 AND :t = 'x'", Decimal("1.5"), "x")
    assert same(":n > 9007199254740992", 9007199254740993)
    assert same(":d = SYSDATE", moment)
    assert same(":f < 0.5", 0.25)
    assert same(":empty IS NULL AND :none IS NULL", "", None)
    assert not same(":d > SYSDATE", moment)


@pytest.mark.parametrize(("binds", "number"), [((), 1008), (("a", "b"), 1036)])
def test_number_of_binds_must_agree(session: DuckSession, binds: Any, number: int) -> None:
    assert failure(lambda: read(session, "SELECT :a FROM DUAL", *binds)).number == number


def test_describe_needs_no_binds(session: DuckSession) -> None:
    statement = session.prepare("SELECT CONTAINERID, QTY, QTY / 3 AS T FROM EVENTS WHERE QTY = :q")
    text, number, computed = session.describe(statement)
    assert (text.name, text.type) == ("CONTAINERID", OracleType.VARCHAR2)
    assert (number.type, number.precision, number.scale) == (OracleType.NUMBER, 18, 0)
    assert (computed.name, computed.type) == ("T", OracleType.NUMBER)
    assert (computed.precision, computed.scale) == (0, -127)


def test_doubles_are_no_numbers(empty: DuckSession) -> None:
    run(empty, "CREATE TABLE m (id NUMBER(9), d BINARY_DOUBLE, f FLOAT)")
    run(empty, "INSERT INTO m VALUES (1, 2.5, 2.5)")
    stored, computed, float_ = empty.describe(empty.prepare("SELECT d, d / 2 AS h, f FROM m"))
    assert stored.type is computed.type is OracleType.BINARY_DOUBLE
    assert (float_.type, float_.precision) == (OracleType.NUMBER, 126)
    assert read(empty, "SELECT id / 4 AS q FROM m") == [b"\x07\x02\xc0\x1a"]


def test_declared_types_are_described(empty: DuckSession) -> None:
    run(
        empty,
        "CREATE TABLE t (c CHAR(3), v VARCHAR2(20), n NVARCHAR2(5), p NUMBER(10, 2), u NUMBER,"
        " d DATE, s TIMESTAMP(3), r RAW(16))",
    )
    run(
        empty,
        "INSERT INTO t VALUES (:1, :2, :3, :4, :5, :6, :7, :8)",
        ["ab", "龍", "龍", Decimal("1.25"), 7, datetime(2026, 1, 2, 3, 4, 5),
         datetime(2026, 1, 2, 3, 4, 5, 600_000), b"\x01\x02"],
    )  # fmt: skip
    c, v, n, p, u, d, s, r = empty.describe(empty.prepare("SELECT * FROM t"))
    assert (c.type, c.max_chars) == (OracleType.CHAR, 3)
    assert (v.type, v.max_chars, v.charset_form) == (OracleType.VARCHAR2, 20, 1)
    assert (n.type, n.max_chars, n.charset_form) == (OracleType.VARCHAR2, 5, 2)
    assert (p.precision, p.scale) == (10, 2)
    assert (u.precision, u.scale) == (0, -127)
    assert (d.type, s.type, s.scale) == (OracleType.DATE, OracleType.TIMESTAMP, 3)
    assert (r.type, r.buffer_bytes) == (OracleType.RAW, 16)
    assert read(empty, "SELECT * FROM t") == image(
        empty,
        "SELECT * FROM t",
        ["ab ", "龍", "龍", Decimal("1.25"), 7, datetime(2026, 1, 2, 3, 4, 5),
         datetime(2026, 1, 2, 3, 4, 5, 600_000), b"\x01\x02"],
    )  # fmt: skip
    run(empty, "DROP TABLE t")
    run(empty, "CREATE TABLE t (c VARCHAR2(7))")
    (c,) = empty.describe(empty.prepare("SELECT c FROM t"))
    assert (c.type, c.max_chars) == (OracleType.VARCHAR2, 7)


def test_a_difference_of_dates_is_a_number(session: DuckSession) -> None:
    sql = "SELECT SYSDATE - TO_DATE('2026-02-28', 'YYYY-MM-DD') AS DAYS FROM DUAL"
    assert read(session, sql) == image(session, sql, [Decimal("1.5")])


def test_the_overlay_hides_changes_from_the_file_and_other_servers(
    backend: DuckBackend, file: Path
) -> None:
    session, other = backend.open_session("DWH"), backend.open_session("DWH")
    other_backend = open_backend(str(file))
    second = other_backend.open_session("DWH")
    run(session, "UPDATE lots SET name = 'uno' WHERE id = 1")
    run(session, "CREATE TABLE mine (a NUMBER(3))")
    run(session, "UPDATE lots SET name = 'due' WHERE id = 2")
    session.commit()
    assert count(other, "SELECT COUNT(*) FROM lots WHERE name IN ('uno', 'due')") == 2
    assert count(second, "SELECT COUNT(*) FROM lots WHERE name IN ('one', 'two')") == 2
    other_backend.close()
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("SELECT name FROM DWH.lots ORDER BY id").fetchall()
        assert names == [("one",), ("two",)]
        assert len(connection.execute("SELECT * FROM duckdb_tables()").fetchall()) == 2
    second._database.close()


def test_one_transaction_may_write_several_tables_of_the_file(session: DuckSession) -> None:
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    run(session, "UPDATE EVENTS SET NAME = 'x' WHERE CONTAINERID = '00000001'")
    assert session.in_transaction
    assert count(session, "SELECT COUNT(*) FROM EVENTS WHERE NAME = 'x'") == 1
    assert count(session, "SELECT COUNT(*) FROM lots") == 3
    session.rollback()
    assert count(session, "SELECT COUNT(*) FROM EVENTS WHERE NAME = 'x'") == 0
    assert count(session, "SELECT COUNT(*) FROM lots") == 2


def test_copied_tables_keep_their_keys(session: DuckSession) -> None:
    assert failure(lambda: run(session, "INSERT INTO lots VALUES (1, 'again')")).number == 1
    assert failure(lambda: run(session, "INSERT INTO lots VALUES (9, NULL)")).number == 1400


def test_tables_of_the_file_can_be_dropped_and_made_again(session: DuckSession) -> None:
    run(session, "DROP TABLE lots")
    assert failure(lambda: read(session, "SELECT * FROM lots")).number == 942
    run(session, "CREATE TABLE lots (a NUMBER(3))")
    assert run(session, "INSERT INTO lots VALUES (:1)", [1], [2]) == 2


def test_writable_changes_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.duckdb"
    duckdb.connect(str(path)).close()
    backend = open_backend(str(path), writable=True)
    session = backend.open_session("DWH")
    run(session, "CREATE TABLE t (c CHAR(3), n NUMBER)")
    run(session, "INSERT INTO t VALUES ('a', 1)")
    session.commit()
    run(session, "INSERT INTO t VALUES ('b', 2)")
    backend.close()
    again = open_backend(str(path))
    session = again.open_session("DWH")
    assert read(session, "SELECT c FROM t") == [b"\x07\x03a  "]
    assert session.describe(session.prepare("SELECT c FROM t"))[0].type is OracleType.CHAR
    again.close()


@pytest.mark.parametrize("writable", [False, True])
def test_what_cannot_be_opened_is_named(tmp_path: Path, writable: bool) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database")
    for path in (str(tmp_path / "nowhere.duckdb"), str(text)):
        with pytest.raises(ConnectError, match=path):
            open_backend(path, writable=writable)


def test_transactions_are_isolated_until_commit(backend: DuckBackend) -> None:
    writer, reader = backend.open_session("DWH"), backend.open_session("DWH")
    run(writer, "INSERT INTO lots VALUES (3, 'three')")
    assert writer.in_transaction and not reader.in_transaction
    assert count(writer, "SELECT COUNT(*) FROM lots") == 3
    assert count(reader, "SELECT COUNT(*) FROM lots") == 2
    writer.commit()
    assert not writer.in_transaction
    assert count(reader, "SELECT COUNT(*) FROM lots") == 3
    run(writer, "DELETE FROM lots")
    writer.rollback()
    assert count(writer, "SELECT COUNT(*) FROM lots") == 3


def test_a_large_result_inside_a_transaction(session: DuckSession) -> None:
    run(session, "UPDATE EVENTS SET QTY = 5000")
    stream = session.execute(session.prepare("SELECT * FROM EVENTS"), [()]).result
    assert stream is not None and stream.next_batch() is not None
    assert run(session, "DELETE FROM EVENTS WHERE QTY = 5000") == ROWS
    while stream.next_batch() is not None:
        pass
    assert count(session, "SELECT COUNT(*) FROM EVENTS") == 0


@pytest.mark.parametrize(
    ("bad", "number"),
    [
        ("INSERT INTO lots VALUES (1, 'again')", 1),
        ("INSERT INTO nowhere VALUES (1)", 942),
        ("UPDATE lots SET id = TO_NUMBER('x')", 1722),
        ("SELECT TO_NUMBER(name) AS n FROM lots", 1722),
        ("SELECT nothing FROM lots", 904),
    ],
)
def test_a_failing_statement_leaves_earlier_work(
    session: DuckSession, bad: str, number: int
) -> None:
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    run(session, "UPDATE lots SET name = 'drei' WHERE id = :1", [3])
    call = read if bad.startswith("SELECT") else run
    assert failure(lambda: call(session, bad)).number == number
    assert session.in_transaction
    assert count(session, "SELECT COUNT(*) FROM lots WHERE name = 'drei'") == 1
    session.commit()
    assert count(session, "SELECT COUNT(*) FROM lots") == 3


def test_a_first_statement_that_fails_opens_no_transaction(session: DuckSession) -> None:
    failure(lambda: run(session, "INSERT INTO lots VALUES (1, 'again')"))
    assert not session.in_transaction


def test_executemany_keeps_the_rows_before_the_failing_one(session: DuckSession) -> None:
    rows = [[3, "a"], [4, "b"], [3, "c"], [5, "d"]]
    assert failure(lambda: run(session, "INSERT INTO lots VALUES (:1, :2)", *rows)).number == 1
    assert count(session, "SELECT COUNT(*) FROM lots") == 4
    outcome = session.execute(
        session.prepare("UPDATE lots SET name = 'x' WHERE id >= :1"), [[3], [1], [9]]
    )
    assert (outcome.row_count, list(outcome.row_counts)) == (6, [2, 4, 0])


def test_array_inserts_store_what_single_ones_do(empty: DuckSession) -> None:
    columns = "(a NUMBER(38), b VARCHAR2(20), c DATE, d NUMBER, e RAW(9), f BINARY_DOUBLE)"
    rows: list[list[Any]] = [
        [10**37 + i, f"龍{i}'$b0", datetime(2026, 1, 1) + timedelta(hours=i),
         Decimal(i) / 8 if i % 3 else Decimal(10**9 * i), bytes([i]), i / 3]
        for i in range(1, 50)
    ]  # fmt: skip
    rows += [[None] * 6, [1, "", None, Decimal("0.5"), None, None]]
    for name in ("one_by_one", "at_once"):
        run(empty, f"CREATE TABLE {name} {columns}")
    insert = "INSERT INTO {} (a, b, c, d, e, f) VALUES (:1, :2 || '$b1', :3, :4, :5, :6)"
    for row in rows:
        run(empty, insert.format("one_by_one"), row)
    assert run(empty, insert.format("at_once"), *rows) == len(rows)
    select = "SELECT * FROM {} ORDER BY a, c"
    assert read(empty, select.format("at_once")) == read(empty, select.format("one_by_one"))
    whole, half = 2**53 + 1, 0.5  # as doubles the first would lose its last digit
    mixed = [[i, "x", None, half if i % 2 else whole, None, None] for i in range(20)]
    assert run(empty, insert.format("at_once"), *mixed) == 20
    assert count(empty, f"SELECT COUNT(*) FROM at_once WHERE d = {whole}") == 10


def test_array_inserts_fail_at_the_row_that_is_wrong(session: DuckSession) -> None:
    rows = [[number, "x"] for number in (*range(10, 30), 20, 31)]
    run(session, "INSERT INTO lots VALUES (9, 'before')")
    assert failure(lambda: run(session, "INSERT INTO lots VALUES (:1, :2)", *rows)).number == 1
    assert count(session, "SELECT COUNT(*) FROM lots") == 2 + 1 + 20


def test_array_inserts_see_the_rows_before_where_single_ones_do(empty: DuckSession) -> None:
    run(empty, "CREATE TABLE t (a NUMBER(9), b NUMBER(9))")
    numbered = "INSERT INTO t VALUES ((SELECT NVL(MAX(a), 0) + 1 FROM t), :1)"
    run(empty, numbered, *([i] for i in range(20)))
    assert count(empty, "SELECT MAX(a) FROM t") == 20


def test_work_that_cannot_be_repeated_is_rolled_back_honestly(session: DuckSession) -> None:
    run(session, "CREATE SEQUENCE ids")
    run(session, "INSERT INTO lots SELECT ids.NEXTVAL + 100, 'new' FROM DUAL")
    error = failure(lambda: run(session, "INSERT INTO lots VALUES (1, 'again')"))
    assert error.number == 3001
    assert "rolled back" in error.text
    assert not session.in_transaction
    assert count(session, "SELECT COUNT(*) FROM lots") == 2


def test_conflicting_updates_are_refused(backend: DuckBackend) -> None:
    one, two = backend.open_session("DWH"), backend.open_session("DWH")
    run(one, "UPDATE lots SET name = 'a' WHERE id = 1")
    assert failure(lambda: run(two, "UPDATE lots SET name = 'b' WHERE id = 1")).number == 8177
    one.commit()
    assert run(two, "UPDATE lots SET name = 'b' WHERE id = 1") == 1


def test_ddl_commits(session: DuckSession) -> None:
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    run(session, "CREATE TABLE other (a NUMBER(1))")
    assert not session.in_transaction
    session.rollback()
    assert count(session, "SELECT COUNT(*) FROM lots") == 3


def test_transaction_statements_as_sql(session: DuckSession) -> None:
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    run(session, "ROLLBACK")
    assert not session.in_transaction
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    run(session, "COMMIT")
    assert count(session, "SELECT COUNT(*) FROM lots") == 3
    run(session, "BEGIN INSERT INTO lots VALUES (4, 'four'); ROLLBACK; END;")
    assert count(session, "SELECT COUNT(*) FROM lots") == 3


def test_current_schema(session: DuckSession) -> None:
    assert failure(lambda: session.set_current_schema("NOBODY")).number == 1435
    session.set_current_schema("DWH")
    run(session, "ALTER SESSION SET CURRENT_SCHEMA = DWH")
    run(session, "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN'")
    assert count(session, "SELECT COUNT(*) FROM lots") == 2


def test_interrupt_ends_a_running_call(session: DuckSession) -> None:
    for _ in range(2):
        timer = threading.Timer(0.2, session.interrupt)
        timer.start()
        start = time.monotonic()
        assert failure(lambda: read(session, ENDLESS)).number == 1013
        assert time.monotonic() - start < 5
        timer.join()
    assert count(session, "SELECT COUNT(*) FROM lots") == 2


def test_interrupt_inside_a_transaction_keeps_its_work(session: DuckSession) -> None:
    run(session, "INSERT INTO lots VALUES (3, 'three')")
    timer = threading.Timer(0.2, session.interrupt)
    timer.start()
    assert failure(lambda: read(session, ENDLESS)).number == 1013
    timer.join()
    assert session.in_transaction
    assert count(session, "SELECT COUNT(*) FROM lots") == 3


def test_interrupt_while_idle_changes_nothing(session: DuckSession) -> None:
    stream = session.execute(session.prepare("SELECT * FROM EVENTS"), [()]).result
    assert stream is not None
    stream.next_batch()
    session.interrupt()
    rows = 0
    while (piece := stream.next_batch()) is not None:
        rows += piece.row_count
    assert rows > 0
    assert count(session, "SELECT COUNT(*) FROM lots") == 2


def test_an_abandoned_query_stops_using_cpu(session: DuckSession) -> None:
    sql = "SELECT a.NAME FROM EVENTS a, EVENTS b WHERE a.QTY + b.QTY >= 0"
    stream = session.execute(session.prepare(sql), [()]).result
    assert stream is not None
    stream.next_batch()
    stream.next_batch()
    stream.close()
    before = time.process_time()
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert time.process_time() - before < 0.1


def test_an_error_in_mid_result_follows_the_rows_before_it(session: DuckSession) -> None:
    sql = """SELECT RPAD(NAME, 500) AS wide,
                    TO_NUMBER(DECODE(CONTAINERID, '00029000', 'x', '1')) AS n FROM EVENTS"""
    stream = session.execute(session.prepare(sql), [()]).result
    assert stream is not None
    first = stream.next_batch()
    assert first is not None and first.row_count > 0

    def drain() -> None:
        while stream.next_batch() is not None:
            pass

    assert failure(drain).number == 1722
    assert failure(drain).number == 1722


def test_files_of_the_machine_are_out_of_reach(empty: DuckSession) -> None:
    for sql in ("SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM '/etc/passwd'"):
        failure(lambda sql=sql: read(empty, sql))


def test_kinds(session: DuckSession) -> None:
    assert session.prepare("SELECT 1 FROM DUAL").kind is StatementKind.QUERY
    assert session.prepare("DELETE FROM lots").kind is StatementKind.DML
    assert session.describe(session.prepare("DELETE FROM lots")) == ()


def test_banner_names_the_engine(backend: DuckBackend) -> None:
    assert backend.banner == f"local Oracle (duckdb {duckdb.__version__})"


def test_intervals_and_dates(session: DuckSession) -> None:
    sql = "SELECT SYSTIMESTAMP - SYSTIMESTAMP AS zero FROM DUAL"
    assert read(session, sql) == image(session, sql, [timedelta(0)])
