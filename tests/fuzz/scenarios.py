"""What real clients do in the sessions that are recorded and then mutated."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import oracledb

CREATE = (
    "CREATE TABLE fuzz_t (id NUMBER(9) PRIMARY KEY, name VARCHAR2(40), qty NUMBER(12,2), "
    "at DATE, ts TIMESTAMP, body CLOB, raw_data BLOB)"
)
ROWS = "SELECT LEVEL AS id, 'n' || LEVEL AS name, SYSDATE AS at FROM dual CONNECT BY LEVEL <= :n"


def fetch(connection: oracledb.Connection) -> None:
    """A query fetched in several round trips, described, executed again."""
    cursor = connection.cursor()
    cursor.prefetchrows = 3
    cursor.arraysize = 7
    cursor.execute(ROWS, n=30)
    cursor.fetchall()
    cursor.execute(ROWS, n=12)
    cursor.fetchmany(5)
    cursor.parse("SELECT 1 AS x FROM dual")
    connection.ping()


def binds(connection: oracledb.Connection) -> None:
    """Values of every type that clients bind."""
    cursor = connection.cursor()
    values = [
        "工單 text",
        42,
        -17.25,
        Decimal("1234567890.12345"),
        datetime(2026, 1, 2, 3, 4, 5),
        timedelta(days=2, seconds=3),
        b"\x00\x01raw",
        None,
        True,
        "x" * 300,
        "long " * 8000,
    ]
    for value in values:
        cursor.execute("SELECT :v AS v FROM dual", v=value)
        cursor.fetchall()
    cursor.setinputsizes(v=oracledb.DB_TYPE_TIMESTAMP_TZ)
    cursor.execute("SELECT :v AS v FROM dual", v=datetime(2026, 1, 2, 3, 4, 5, 678))
    cursor.setinputsizes(v=oracledb.DB_TYPE_NVARCHAR)
    cursor.execute("SELECT :v AS v FROM dual", v="站點")
    cursor.setinputsizes(v=oracledb.DB_TYPE_BINARY_DOUBLE)
    cursor.execute("SELECT :v AS v FROM dual", v=1.5)
    many = {f"p{i}": f"{i:016}" for i in range(200)}
    names = ", ".join(f":{name}" for name in many)
    cursor.execute(f"SELECT dummy FROM dual WHERE dummy IN ({names})", many)
    cursor.fetchall()


def changes(connection: oracledb.Connection) -> None:
    """DDL, DML of many rows, batch errors, RETURNING, transactions."""
    cursor = connection.cursor()
    cursor.execute(CREATE)
    insert = "INSERT INTO fuzz_t (id, name, qty, at) VALUES (:1, :2, :3, :4)"
    at = datetime(2026, 5, 6)
    rows = [(i, f"name {i}", Decimal(i) / 4, at) for i in range(12)]
    cursor.executemany(insert, rows)
    cursor.executemany(insert, rows[:3], batcherrors=True, arraydmlrowcounts=True)
    connection.commit()
    out = cursor.var(int)
    cursor.execute("UPDATE fuzz_t SET qty = 1 WHERE id = :i RETURNING id INTO :o", i=3, o=out)
    connection.rollback()
    cursor.execute("DELETE FROM fuzz_t WHERE id > :i", i=100)
    connection.autocommit = True
    cursor.execute("UPDATE fuzz_t SET name = :n WHERE id = :i", n="y" * 260, i=1)


def lobs(connection: oracledb.Connection) -> None:
    """Temporary LOBs written, read, trimmed and freed."""
    for kind, data in (
        (oracledb.DB_TYPE_CLOB, "文字 text " * 50),
        (oracledb.DB_TYPE_NCLOB, "站" * 100),
        (oracledb.DB_TYPE_BLOB, bytes(range(256)) * 3),
    ):
        lob = connection.createlob(kind)
        lob.write(data)
        lob.write(data, 11)
        lob.size()
        lob.read(5, 20)
        lob.getchunksize()
        lob.open()
        lob.isopen()
        lob.trim(7)
        lob.close()
        del lob
    connection.ping()


def lob_columns(connection: oracledb.Connection) -> None:
    """LOB columns by locators and as long values."""
    cursor = connection.cursor()
    cursor.execute(CREATE.replace("fuzz_t", "fuzz_l"))
    cursor.execute(
        "INSERT INTO fuzz_l (id, body, raw_data) VALUES (1, :b, :r)", b="長" * 9000, r=b"\1" * 700
    )
    cursor.execute("SELECT id, body, raw_data FROM fuzz_l")
    for value in (value for row in cursor.fetchall() for value in row):
        if isinstance(value, oracledb.LOB):
            value.read(2, 50)
            value.size()
    with_values = connection.cursor()
    with_values.execute("SELECT id, body FROM fuzz_l", fetch_lobs=False)
    with_values.fetchall()


def session(connection: oracledb.Connection) -> None:
    """Piggybacks, errors and blocks."""
    connection.module = "fuzz"
    connection.action = "record"
    connection.client_identifier = "who"
    connection.current_schema = "DWH"
    cursor = connection.cursor()
    for statement in ("SELECT * FROM nowhere", "BEGIN do_it(:1, :2); END;", "SELEC 1"):
        with contextlib.suppress(oracledb.Error):
            cursor.execute(statement, [] if ":" not in statement else [1, "a"])
    connection.ping()
    cursor.execute(ROWS, n=2)
    cursor.fetchall()


SCENARIOS: tuple[Callable[[oracledb.Connection], None], ...] = (
    fetch,
    binds,
    changes,
    lobs,
    lob_columns,
    session,
)
