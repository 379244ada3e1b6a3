"""The relay: a client cannot tell it from the database behind it, and what passes is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import oracledb
import pytest

from tests.integration.canned_backend import CannedBackend
from tracekit import Database, LocalOracle
from tracekit.errors import ConnectError
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server
from tracekit.process_memory import peak_of
from tracekit.records import Shape, to_json
from tracekit.testbed.relay.backend import RelayBackend
from tracekit.testbed.relay.recording import Recording
from tracekit.testbed.relay.relay import Relay

USER, PASSWORD = "scott", "tiger"

AWKWARD = """
CREATE TABLE awkward (
  id NUMBER(10) NOT NULL, free NUMBER, money NUMBER(12,2), small BINARY_FLOAT, big BINARY_DOUBLE,
  name VARCHAR2(40), code CHAR(8), wide NVARCHAR2(20), bytes RAW(16), day DATE, at TIMESTAMP(6),
  zoned TIMESTAMP(3) WITH TIME ZONE, span INTERVAL DAY TO SECOND, note CLOB, blob BLOB)
"""


@pytest.fixture(scope="module")
def real() -> Iterator[LocalOracle]:
    with LocalOracle("trace-smoke") as local:
        with _connected(local) as connection:
            cursor = connection.cursor()
            cursor.execute(AWKWARD)
            cursor.execute(
                "INSERT INTO awkward VALUES (1, 1/3, 12.5, 1.5, 1E300d, '工單😀', 'AB', 'é', "
                "HEXTORAW('00FF'), DATE '2026-02-25', TIMESTAMP '2026-02-25 10:11:12.123456', "
                "TIMESTAMP '2026-02-25 10:11:12.123 +08:00', INTERVAL '1 02:03:04' DAY TO SECOND, "
                "'long', HEXTORAW('0102'))"
            )
            cursor.execute(
                "INSERT INTO awkward (id, free) VALUES (2, 98765432109876543210987654321098765432)"
            )
            cursor.execute(
                "INSERT INTO awkward (id, free, note) VALUES (3, 1E100, :1)", ["x" * 99_999]
            )
            connection.commit()
        yield local


@pytest.fixture(scope="module")
def relay(real: LocalOracle) -> Iterator[Relay]:
    with Relay(real.database) as running:
        yield running


def _connected(place: Any) -> Any:
    return closing(oracledb.connect(user=place.user, password=place.password, dsn=place.dsn))


def _both(
    real: LocalOracle, relay: Relay, sql: str, binds: Any = (), arraysize: int = 100
) -> list[tuple[list[Any], list[Any]]]:
    """Rows and description, of the database and through the relay."""
    results = []
    for place in (real, relay):
        with _connected(place) as connection:
            cursor = connection.cursor()
            cursor.arraysize = arraysize
            cursor.execute(sql, binds)
            rows = [
                tuple(one.read() if isinstance(one, oracledb.LOB) else one for one in row)
                for row in cursor
            ]
            results.append((rows, [tuple(column) for column in cursor.description]))
    return results


@pytest.mark.parametrize(
    ("sql", "binds"),
    [
        ("SELECT * FROM awkward ORDER BY id", []),
        ("SELECT id, free FROM awkward WHERE id IN (:a, :b) ORDER BY id", [1, 3]),
        ("SELECT '' nothing, NULL also, 0 zero, -1.5 below, DATE '0001-01-01' d FROM dual", []),
        ("SELECT :d d, :n n, :t t FROM dual", [None, 12.25, "text"]),
        ("SELECT * FROM dw_mes_lotwiphistory WHERE ROWNUM <= 3000", []),
        ("SELECT id FROM awkward WHERE 1 = 0", []),
    ],
)
def test_rows_and_columns_pass_as_they_are(
    real: LocalOracle, relay: Relay, sql: str, binds: list[Any]
) -> None:
    direct, relayed = _both(real, relay, sql, binds)
    assert relayed == direct


def test_errors_pass_with_their_number_and_place(relay: Relay) -> None:
    with _connected(relay) as connection, pytest.raises(oracledb.DatabaseError) as info:
        connection.cursor().execute("SELECT * FROM nowhere_at_all")
    error = info.value.args[0]
    assert (error.full_code, error.offset) == ("ORA-00942", 14)


def test_changes_pass_with_their_counts_returned_values_and_failures(relay: Relay) -> None:
    with _connected(relay) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE changed (id NUMBER PRIMARY KEY, name VARCHAR2(10))")
        cursor.executemany(
            "INSERT INTO changed VALUES (:1, :2)", [(1, "a"), (2, "b")], arraydmlrowcounts=True
        )
        assert cursor.getarraydmlrowcounts() == [1, 1]
        assert connection.transaction_in_progress
        connection.rollback()
        cursor.executemany(
            "INSERT INTO changed VALUES (:1, :2)", [(1, "a"), (1, "b"), (3, "c")], batcherrors=True
        )
        assert [(one.offset, one.code) for one in cursor.getbatcherrors()] == [(1, 1)]
        with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
            cursor.execute("INSERT INTO changed VALUES (:1, :2)", [3, "again"])
        returned = cursor.var(str)
        cursor.execute(
            "UPDATE changed SET name = name || :x WHERE id > :n RETURNING name INTO :r",
            ["!", 0, returned],
        )
        assert sorted(returned.getvalue()) == ["a!", "c!"]
        connection.commit()
        filled = cursor.var(int)
        cursor.execute("BEGIN SELECT COUNT(*) INTO :n FROM changed; END;", n=filled)
        assert filled.getvalue() == 2


def test_cursors_that_blocks_open_pass(relay: Relay) -> None:
    with _connected(relay) as connection:
        opened = connection.cursor()
        connection.cursor().execute(
            "BEGIN OPEN :c FOR SELECT id, name, note FROM awkward ORDER BY id; END;", c=opened
        )
        rows = opened.fetchall()
        assert [row[0] for row in rows] == [1, 2, 3]
        assert rows[0][1] == "工單😀"
        assert len(rows[2][2].read()) == 99_999
    assert any("cursors opened in PL/SQL" in remark for remark in _remarks(relay))


def _remarks(relay: Relay) -> tuple[str, ...]:
    relay.shape()
    return relay.remarks


def test_no_value_is_in_a_shape(real: LocalOracle) -> None:
    secrets = ["Grüße-工單-7731", "8842.5511", "61997713", "20410817"]
    text, number, key, day = secrets

    def work(connection: oracledb.Connection) -> None:
        cursor = connection.cursor()
        cursor.execute(
            f"SELECT '{text}', {number}, :k k, TO_DATE('{day}', 'YYYYMMDD') FROM dual "
            f"WHERE '{text}' IS NOT NULL AND :k IN (:k, {key})",
            [int(key)] * 3,
        )
        assert len(cursor.fetchall()) == 1
        cursor.execute("SELECT :k k FROM dual WHERE 5 > 4 OR :t = :t", [int(key), text, text])
        cursor.fetchall()
        with pytest.raises(oracledb.DatabaseError):
            cursor.execute(f"SELECT nothing_{text[:2]} FROM dual WHERE x = '{text}'")
        with pytest.raises(oracledb.DatabaseError):
            cursor.execute("SELECT TO_NUMBER(:t) FROM dual", [text])
            cursor.fetchall()
        cursor.execute(f"BEGIN DELETE FROM awkward WHERE name = '{text}'; END;")
        connection.rollback()

    shape, _ = _recorded(real, work)
    written = to_json(shape)
    assert [one for one in secrets if one in written] == []
    assert len(shape.queries) == 2


def test_ways_of_reading_agree(real: LocalOracle, relay: Relay) -> None:
    sql = "SELECT containerid, containername FROM dw_mes_container ORDER BY containerid"
    with _connected(real) as direct, _connected(relay) as relayed:
        wanted = direct.cursor().execute(sql).fetchmany(2000)
        cursor = relayed.cursor()
        assert cursor.execute(sql).fetchmany(2000) == wanted
        frames = relayed.fetch_df_batches(sql, size=300)
        first = next(iter(frames))
        assert first.num_rows() == 300
        scrolled = relayed.cursor(scrollable=True)
        scrolled.execute(sql)
        scrolled.scroll(50, mode="absolute")
        assert scrolled.fetchone() == wanted[49]
        again = relayed.cursor()
        for _ in range(3):  # the client executes a cursor that it keeps
            again.execute(sql)
            assert again.fetchone() == wanted[0]


class _InProcess:
    """A relay in this process, in front of a canned database."""

    def __init__(self, canned: CannedBackend, most_bytes: int | None = None) -> None:
        self._canned = canned
        self.recording = Recording(most_bytes=most_bytes)

    def __enter__(self) -> _InProcess:
        upstream = Server(ServerOptions(USER, PASSWORD), self._canned)
        self._upstream: Server | None = upstream
        arguments = {"user": USER, "password": PASSWORD, "dsn": upstream.dsn}
        self._backend = RelayBackend(arguments, self.recording)
        self._server = Server(ServerOptions(USER, PASSWORD), self._backend)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._backend.close()
        self.lose_database()

    def lose_database(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.stop()

    def connect(self) -> oracledb.Connection:
        return oracledb.connect(user=USER, password=PASSWORD, dsn=self._server.dsn)


def test_a_cancelled_call_is_cancelled_on_the_database_too() -> None:
    canned = CannedBackend()
    with _InProcess(canned) as relay, relay.connect() as connection:
        connection.ping()
        cursor = connection.cursor()
        caught: list[str] = []

        def run() -> None:
            try:
                cursor.execute("select wait")
            except oracledb.DatabaseError as error:
                caught.append(error.args[0].full_code)

        thread = threading.Thread(target=run)
        thread.start()
        until = time.monotonic() + 30
        while not any(one.waiting.is_set() for one in canned.sessions):
            assert time.monotonic() < until
            time.sleep(0.01)
        connection.cancel()
        thread.join(30)
        assert caught == ["ORA-01013"]
        cursor.execute("select rows :n", [3])
        assert len(cursor.fetchall()) == 3


def test_an_error_in_mid_result_passes_and_is_recorded() -> None:
    with _InProcess(CannedBackend()) as relay, relay.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("select fail :n", [5000])
        with pytest.raises(oracledb.DatabaseError, match="ORA-01555"):
            cursor.fetchall()
        cursor.close()
        shape = relay.recording.shape()
    (failed,) = [one for one in shape.statements if one.error_code is not None]
    assert (failed.kind, failed.error_code, failed.error_message) == (
        "query",
        1555,
        "snapshot too old",
    )
    assert shape.queries[0].executions == 0


def test_queries_beyond_its_memory_are_named_and_pass() -> None:
    with _InProcess(CannedBackend(), most_bytes=1) as relay, relay.connect() as connection:
        assert len(connection.cursor().execute("select rows :n", [3]).fetchall()) == 3
        assert relay.recording.shape().queries == ()
        (remark,) = relay.recording.remarks()
    assert "more different queries" in remark


def test_sessions_that_the_database_lost_are_lost() -> None:
    canned = CannedBackend()
    with _InProcess(canned) as relay, relay.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("select rows :n", [3])
        relay.lose_database()
        with pytest.raises(oracledb.DatabaseError) as info:
            cursor.execute("select rows :n", [4])
        assert info.value.args[0].is_session_dead


def test_a_database_that_cannot_be_reached_is_an_error_at_once() -> None:
    database = Database("127.0.0.1:1/NONE", "u", "p", retry_attempts=0)
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1:1/NONE"), Relay(database):
        pass


def test_no_secret_is_in_a_command_line(real: LocalOracle, relay: Relay) -> None:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().decode("utf-8", "replace")
        except OSError:  # it ended
            continue
        assert real.password not in line
        assert relay.password not in line


def _recorded(real: LocalOracle, work: Any, **options: Any) -> tuple[Shape, tuple[str, ...]]:
    with Relay(real.database, **options) as relay:
        with _connected(relay) as connection:
            work(connection)
        return relay.shape(), relay.remarks


def test_queries_are_recorded_by_key_over_all_their_executions(real: LocalOracle) -> None:
    keys = real.keys(900)
    sql = "SELECT containerid, specname FROM dw_mes_lotwiphistory WHERE containerid IN ({})"
    counted: list[int] = []

    def work(connection: oracledb.Connection) -> None:
        def read(batch: list[str]) -> None:
            with _connected_again(connection) as own:
                cursor = own.cursor()
                cursor.execute(sql.format(", ".join(f":{i}" for i in range(len(batch)))), batch)
                counted.append(len(cursor.fetchall()))

        threads = [
            threading.Thread(target=read, args=(keys[i : i + 300],)) for i in range(0, 900, 300)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cursor = connection.cursor()
        for key in keys[:50]:
            cursor.execute("SELECT containerid FROM dw_mes_container WHERE containerid = :k", k=key)
            cursor.fetchall()

    def _connected_again(connection: oracledb.Connection) -> Any:
        return closing(
            oracledb.connect(user=relay_user, password=relay_password, dsn=connection.dsn)
        )

    with Relay(real.database) as relay:
        relay_user, relay_password = relay.user, relay.password
        with _connected(relay) as connection:
            work(connection)
        shape, remarks = relay.shape(), relay.remarks
    history, container = shape.queries
    assert history.key == ("CONTAINERID",)
    assert (history.rows, history.keys_asked, history.executions) == (sum(counted), 900, 3)
    assert history.keys_per_statement == 300
    assert [(one.type, one.is_key) for one in history.binds] == [("VARCHAR2", True)]
    assert (container.rows, container.keys, container.executions) == (50, 50, 50)
    assert [(one.name, one.keys) for one in shape.key_spaces] == [("CONTAINERID", 900)]
    assert remarks == ()


def test_what_was_not_read_to_its_end_is_partial(real: LocalOracle) -> None:
    def work(connection: oracledb.Connection) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM dw_mes_lotwiphistory")
        cursor.fetchmany(3)
        cursor.close()

    shape, remarks = _recorded(real, work)
    assert shape.queries[0].partial
    assert "not read to the end" in remarks[0]


def test_a_named_key_is_the_key(real: LocalOracle) -> None:
    def work(connection: oracledb.Connection) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT containerid, specname FROM dw_mes_lotwiphistory WHERE ROWNUM < 500")
        cursor.fetchall()

    shape, _ = _recorded(real, work, keys=["specname"])
    assert shape.queries[0].key == ("SPECNAME",)


def test_statements_without_rows_are_recorded_with_their_counts(real: LocalOracle) -> None:
    def work(connection: oracledb.Connection) -> None:
        cursor = connection.cursor()
        cursor.execute("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD'")
        cursor.execute("CREATE TABLE counted (id NUMBER)")
        for rows in (3, 1):
            cursor.executemany("INSERT INTO counted VALUES (:1)", [(i,) for i in range(rows)])
        cursor.execute("DELETE FROM counted")
        connection.rollback()

    shape, _ = _recorded(real, work)
    assert [(one.kind, one.row_count, one.row_counts) for one in shape.statements] == [
        ("session", None, ()),
        ("definition", None, ()),
        ("change", 1, (3, 1)),
        ("change", 4, ()),
    ]
    assert all("YYYY" not in one.statement for one in shape.statements)


READER = """
import json, sys
import oracledb
from tracekit.process_memory import peak_resident_bytes, reset_peak, resident_bytes
dsn, user, password = json.load(sys.stdin)
with oracledb.connect(user=user, password=password, dsn=dsn) as connection:
    cursor = connection.cursor()
    cursor.arraysize = 5000
    cursor.execute("SELECT * FROM dw_mes_container WHERE ROWNUM <= 10").fetchall()
    reset_peak()
    before = resident_bytes()
    rows = cursor.execute("SELECT * FROM dw_mes_lotwiphistory").fetchall()
    print(json.dumps([len(rows), peak_resident_bytes() - before]))
"""


@pytest.mark.slow
def test_recording_leaves_the_peak_of_the_program_as_it_is() -> None:
    def read(place: Any) -> tuple[int, int]:
        done = subprocess.run(
            [sys.executable, "-c", READER],
            input=json.dumps([place.dsn, place.user, place.password]),
            capture_output=True,
            text=True,
            check=True,
        )
        rows, peak_bytes = json.loads(done.stdout)
        return rows, peak_bytes

    with LocalOracle("trace-smoke", keys=20_000) as real, Relay(real.database) as relay:
        direct, relayed = read(real), read(relay)
        assert relay.server_pid is not None
        relay_bytes = peak_of(relay.server_pid)
        (history, _) = sorted(relay.shape().queries, key=lambda query: -query.rows)
    assert relayed[0] == direct[0] == history.rows
    assert direct[1] > 50 * 2**20
    assert relayed[1] <= direct[1] * 1.01
    assert relay_bytes < 256 * 2**20
