"""LOBs through the real driver and the real server: locators, whole values, binds, temporaries."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any

import oracledb
import pyarrow as pa
import pytest

from tracekit import Database, LocalOracle

MIXED = "字𠀀a製\n" * 9_000  # 45,000 characters, 54,000 UTF-16 units, 108,000 bytes of UTF-8
BYTES = bytes(range(256)) * 300
LENGTHS = (1, 2, 251, 252, 253, 254, 4_000, 4_001, 32_766, 32_767, 32_768, 65_536)


@pytest.fixture(scope="module", name="local")
def _local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        connection = _connect(local)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE DOCS (K NUMBER(9), C CLOB, N NCLOB, B BLOB)")
            rows = [
                (1, MIXED, MIXED, BYTES),
                (2, None, None, None),
                (3, "short", "短", b"\x00\xff"),
            ]
            cursor.setinputsizes(
                None, oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_BLOB
            )
            cursor.executemany("INSERT INTO DOCS VALUES (:1, :2, :3, :4)", rows)
            cursor.execute("INSERT INTO DOCS VALUES (4, EMPTY_CLOB(), EMPTY_CLOB(), EMPTY_BLOB())")
            connection.commit()
        yield local


@pytest.fixture(name="connection")
def _connection(local: LocalOracle) -> Iterator[oracledb.Connection]:
    with _connect(local) as connection:
        yield connection


def _connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def _code(info: pytest.ExceptionInfo[oracledb.DatabaseError]) -> int:
    return int(info.value.args[0].code)


def _units(text: str, start: int, count: int) -> str:
    return text.encode("utf-16-be")[2 * start : 2 * (start + count)].decode("utf-16-be", "replace")


def _document(connection: oracledb.Connection, key: int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT C, N, B FROM DOCS WHERE K = :k", k=key)
        [row] = cursor.fetchall()
    return list(row)


def test_rows_carry_locators_that_are_read_in_any_pieces(connection: oracledb.Connection) -> None:
    text, national, binary = _document(connection, 1)

    assert [lob.type for lob in (text, national, binary)] == [
        oracledb.DB_TYPE_CLOB,
        oracledb.DB_TYPE_NCLOB,
        oracledb.DB_TYPE_BLOB,
    ]
    assert text.read() == national.read() == MIXED
    assert binary.read() == BYTES
    assert text.size() == national.size() == 54_000
    assert binary.size() == len(BYTES)
    assert text.getchunksize() == 8_132
    for offset, amount in ((1, 1), (5, 1), (54_000, 10), (40_001, 5_000), (54_001, 1)):
        assert text.read(offset, amount) == _units(MIXED, offset - 1, amount)
        assert binary.read(offset, amount) == BYTES[offset - 1 : offset - 1 + amount]
    pieces = [binary.read(at, 10_007) for at in range(1, len(BYTES) + 1, 10_007)]
    assert b"".join(pieces) == BYTES


def test_nothing_and_no_characters_differ(connection: oracledb.Connection) -> None:
    assert _document(connection, 2) == [None, None, None]
    empty = _document(connection, 4)
    assert [lob.size() for lob in empty] == [0, 0, 0]
    assert [lob.read() for lob in empty] == ["", "", b""]
    with connection.cursor() as cursor:
        cursor.execute("SELECT K FROM DOCS WHERE C IS NULL")
        assert cursor.fetchall() == [(2,)]


@pytest.mark.parametrize("rows_per_fetch", [1, 2, 100])
def test_whole_values_come_where_no_locators_are_wanted(
    connection: oracledb.Connection, rows_per_fetch: int
) -> None:
    expected = [
        (1, MIXED, MIXED, BYTES),
        (2, None, None, None),
        (3, "short", "短", b"\x00\xff"),
        (4, None, None, None),
    ]
    with connection.cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = rows_per_fetch
        sql = f"SELECT K, C, N, B FROM DOCS WHERE {rows_per_fetch} > 0 ORDER BY K"
        for _ in range(2):  # the second time the cursor is described and defined already
            cursor.execute(sql, fetch_lobs=False)
            assert cursor.fetchall() == expected
        assert [column.type_code for column in cursor.description] == [
            oracledb.DB_TYPE_NUMBER,
            oracledb.DB_TYPE_LONG,
            oracledb.DB_TYPE_LONG_NVARCHAR,
            oracledb.DB_TYPE_LONG_RAW,
        ]


def test_the_driver_wide_default_and_output_type_handlers(
    connection: oracledb.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_text(cursor: Any, metadata: Any) -> Any:
        if metadata.type_code is oracledb.DB_TYPE_CLOB:
            return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
        if metadata.type_code is oracledb.DB_TYPE_NUMBER:
            return cursor.var(str, arraysize=cursor.arraysize)
        return None

    with connection.cursor() as cursor:
        cursor.outputtypehandler = as_text
        cursor.execute("SELECT K, C, B FROM DOCS WHERE K = 1 AND 'handler' IS NOT NULL")
        [(key, text, binary)] = cursor.fetchall()
    assert (key, text, binary.read()) == ("1", MIXED, BYTES)

    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT C, B FROM DOCS WHERE K = 1 AND 'default' IS NOT NULL")
        assert cursor.fetchall() == [(MIXED, BYTES)]


@pytest.mark.parametrize("size", LENGTHS)
def test_values_of_every_length_there_and_back(connection: oracledb.Connection, size: int) -> None:
    text = "".join(random.Random(size).choices("ab字𠀀", k=size))
    data = random.Random(size).randbytes(size)
    with connection.cursor() as cursor:
        cursor.setinputsizes(oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_BLOB)
        cursor.execute("SELECT TO_CLOB(:1), TO_BLOB(:2) FROM DUAL", [text, data])
        [(clob, blob)] = cursor.fetchall()
        assert (clob.read(), blob.read()) == (text, data)
        cursor.execute("SELECT :1, :2 FROM DUAL", [clob, blob])
        assert cursor.fetchall() == [(text, data)]


def test_lobs_are_followed_through_aliases_and_functions(connection: oracledb.Connection) -> None:
    sql = """WITH w AS (SELECT K, C AS TEXT, B FROM DOCS)
             SELECT x.TEXT AS A, x.B, UPPER(x.TEXT) AS U, LENGTH(x.TEXT) AS L, LENGTH(x.B) AS M,
                    SUBSTR(x.TEXT, 1, 2) AS S, TO_CHAR(x.TEXT) AS V, DBMS_LOB.SUBSTR(x.TEXT, 2, 2),
                    DBMS_LOB.GETLENGTH(x.B), DBMS_LOB.INSTR(x.TEXT, 'o')
             FROM (SELECT * FROM w) x WHERE x.K = 3"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        kinds = [column.type_code.name.removeprefix("DB_TYPE_") for column in cursor.description]
        [row] = cursor.fetchall()

    assert kinds[:7] == ["CLOB", "BLOB", "CLOB", "NUMBER", "NUMBER", "CLOB", "VARCHAR"]
    values = [value.read() if isinstance(value, oracledb.LOB) else value for value in row]
    assert values == ["short", b"\x00\xff", "SHORT", 5, 2, "sh", "short", "ho", 2, 3]


def test_a_temporary_lob_is_written_anywhere_and_trimmed(connection: oracledb.Connection) -> None:
    lob = connection.createlob(oracledb.DB_TYPE_CLOB)
    assert (lob.read(), lob.size()) == ("", 0)
    lob.write("0123456789")
    lob.write("字字", 4)
    assert lob.read() == "012字字56789"
    lob.write("𠀀", 13)
    assert lob.read() == "012字字56789  𠀀"
    assert lob.size() == 14
    lob.trim(4)
    assert (lob.read(), lob.size()) == ("012字", 4)
    with pytest.raises(oracledb.DatabaseError) as info:
        lob.trim(5)
    assert _code(info) == 22926

    binary = connection.createlob(oracledb.DB_TYPE_BLOB, b"abc")
    binary.write(b"z", 6)
    assert binary.read() == b"abc\0\0z"


def test_a_temporary_lob_grows_in_pieces_and_is_bound(connection: oracledb.Connection) -> None:
    lob = connection.createlob(oracledb.DB_TYPE_BLOB)
    whole = random.Random(5).randbytes(700_000)
    for at in range(0, len(whole), 50_000):
        lob.write(whole[at : at + 50_000], at + 1)
    lob.write(b"!" * 100_001, 299_999)
    whole = whole[:299_998] + b"!" * 100_001 + whole[399_999:]
    assert lob.read() == whole
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE GROWN (B BLOB)")
        cursor.execute("INSERT INTO GROWN VALUES (:1)", [lob])
        cursor.execute("SELECT B FROM GROWN")
        [(stored,)] = cursor.fetchall()
        assert stored.read() == whole


def test_open_and_close(connection: oracledb.Connection) -> None:
    lob = _document(connection, 1)[0]
    assert not lob.isopen()
    lob.open()
    assert lob.isopen()
    with pytest.raises(oracledb.DatabaseError) as info:
        lob.open()
    assert _code(info) == 22293
    lob.close()
    assert not lob.isopen()
    with pytest.raises(oracledb.DatabaseError) as info:
        lob.close()
    assert _code(info) == 22289


def test_a_stored_lob_is_not_written_without_its_row_locked(
    connection: oracledb.Connection,
) -> None:
    lob = _document(connection, 3)[0]
    with pytest.raises(oracledb.DatabaseError) as info:
        lob.write("x")
    assert _code(info) == 22920
    assert lob.read() == "short"


def test_many_binds_at_once(connection: oracledb.Connection) -> None:
    rows = [(i, None if i % 7 == 0 else f"{i}字" * (i * 40)) for i in range(300)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE MANY (K NUMBER(9), C CLOB)")
        cursor.setinputsizes(None, oracledb.DB_TYPE_CLOB)
        cursor.executemany("INSERT INTO MANY VALUES (:1, :2)", rows)
        assert cursor.rowcount == 300
        cursor.execute("SELECT K, C FROM MANY ORDER BY K", fetch_lobs=False)
        assert cursor.fetchall() == [(0, None), *rows[1:]]
    connection.rollback()


def test_returning_gives_locators(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE GIVEN (K NUMBER(9), C CLOB, B BLOB)")
        text, binary = cursor.var(oracledb.DB_TYPE_CLOB), cursor.var(oracledb.DB_TYPE_BLOB)
        sql = "INSERT INTO GIVEN VALUES (1, TO_CLOB(:1), NULL) RETURNING C, B INTO :2, :3"
        cursor.setinputsizes(oracledb.DB_TYPE_CLOB)
        cursor.execute(sql, [MIXED, text, binary])
        assert text.getvalue()[0].read() == MIXED
        assert binary.getvalue() == [None]
    connection.rollback()


def test_views_and_tables_made_from_queries_keep_lobs(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW SEEN (I, T) AS SELECT K, UPPER(C) FROM DOCS")
        cursor.execute(
            "CREATE TABLE COPIED AS SELECT d.*, s.T FROM DOCS d JOIN SEEN s ON s.I = d.K"
        )
        cursor.execute("SELECT s.T, c.N, c.B, c.T FROM SEEN s JOIN COPIED c ON c.K = s.I AND I = 3")
        kinds = [column.type_code.name.removeprefix("DB_TYPE_") for column in cursor.description]
        assert kinds == ["CLOB", "NCLOB", "BLOB", "CLOB"]
        assert [lob.read() for lob in cursor.fetchone()] == ["SHORT", "短", b"\x00\xff", "SHORT"]


def test_locators_outlive_their_cursor_and_commits_not_their_connection(
    local: LocalOracle,
) -> None:
    with _connect(local) as connection:
        lobs = [_document(connection, 3)[0] for _ in range(3)]
        connection.commit()
        assert [lob.read() for lob in lobs] == ["short"] * 3
        with _connect(local) as other, other.cursor() as cursor:
            with pytest.raises(oracledb.DatabaseError) as info:
                cursor.execute("SELECT :1 FROM DUAL", [lobs[0]])
            assert _code(info) == 22922
        temporary = connection.createlob(oracledb.DB_TYPE_CLOB, "x")
    with pytest.raises(oracledb.Error, match="DPY-1001"):
        temporary.read()


def test_changing_what_a_cursor_gives_from_text_to_lob(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE TURNS (V VARCHAR2(100), W RAW(10))")
        cursor.execute("INSERT INTO TURNS VALUES ('text', HEXTORAW('0AFF'))")
        cursor.execute("SELECT V, W FROM TURNS")
        assert cursor.fetchall() == [("text", b"\x0a\xff")]
        cursor.execute("DROP TABLE TURNS")
        cursor.execute("CREATE TABLE TURNS (V CLOB, W BLOB)")
        cursor.setinputsizes(oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_BLOB)
        cursor.execute("INSERT INTO TURNS VALUES (:1, :2)", [MIXED, BYTES])
        cursor.setinputsizes()
        cursor.execute("SELECT V, W FROM TURNS")
        assert cursor.fetchall() == [(MIXED, BYTES)]


@pytest.mark.parametrize("whole", [True, False])
def test_a_statement_that_was_parsed_before(
    connection: oracledb.Connection, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", not whole)
    sql = f"SELECT C, B FROM DOCS WHERE K = 1 AND {int(whole)} < 2"
    with connection.cursor() as cursor:
        cursor.parse(sql)
        for _ in range(2):
            cursor.execute(sql)
            [row] = cursor.fetchall()
            assert [value if whole else value.read() for value in row] == [MIXED, BYTES]


def test_cancelling_a_read_leaves_a_connection_that_works(local: LocalOracle) -> None:
    with _connect(local) as connection:
        lob = connection.createlob(oracledb.DB_TYPE_BLOB)
        for at in range(8):
            lob.write(bytes(4 << 20), (at << 22) + 1)
        canceller = threading.Thread(target=connection.cancel)
        canceller.start()
        try:
            assert lob.read() == bytes(8 << 22)
        except oracledb.DatabaseError as error:
            assert error.args[0].code == 1013
        canceller.join()
        with contextlib.suppress(oracledb.DatabaseError):  # a late cancel strikes the next call
            connection.ping()
        assert lob.size() == 8 << 22
        assert lob.read(7 << 22, 3) == bytes(3)


def test_arrow_has_the_values(connection: oracledb.Connection) -> None:
    frames = connection.fetch_df_batches("SELECT K, C, N, B FROM DOCS ORDER BY K", size=3)
    rows = [tuple(row.values()) for frame in frames for row in pa.table(frame).to_pylist()]
    assert rows == [
        (1, MIXED, MIXED, BYTES),
        (2, None, None, None),
        (3, "short", "短", b"\x00\xff"),
        (4, None, None, None),
    ]


@pytest.mark.parametrize("batch_size", [1, 10])
def test_every_way_of_reading_gives_text_and_bytes(local: LocalOracle, batch_size: int) -> None:
    database: Database = local.database
    sql = "SELECT K, C, B FROM DOCS ORDER BY K"
    expected = [(1, MIXED, BYTES), (2, None, None), (3, "short", b"\x00\xff"), (4, None, None)]

    batches = database.read_sql_df_slow_iter(sql, batch_size=batch_size)
    assert [row for _, rows in batches for row in rows] == expected
    tables = database.read_sql_arrow_iter(sql, batch_size=batch_size)
    assert [tuple(row.values()) for part in tables for row in part.to_pylist()] == expected
    frame = database.read_sql_df(sql)
    assert frame["C"][0] == MIXED
    assert frame["B"][2] == b"\x00\xff"


def test_asyncio_reads_and_writes_lobs(local: LocalOracle) -> None:
    async def run() -> None:
        async with oracledb.connect_async(
            user=local.user, password=local.password, dsn=local.dsn
        ) as connection:
            with connection.cursor() as cursor:
                await cursor.execute("SELECT C, B FROM DOCS WHERE K = 1")
                [(text, binary)] = await cursor.fetchall()
                assert await text.read() == MIXED
                assert await binary.read(100, 50_000) == BYTES[99:50_099]
                assert await text.size() == 54_000
                lob = await connection.createlob(oracledb.DB_TYPE_NCLOB, "製")
                await lob.write(MIXED, 2)
                await cursor.execute("SELECT TO_NCLOB(:1) FROM DUAL", [lob])
                [(copy,)] = await cursor.fetchall()
                assert await copy.read() == "製" + MIXED

    asyncio.run(run())


def test_a_block_fills_lob_binds_with_null_and_refuses_what_is_no_lob(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    for kind in (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_BLOB):
        variable = cursor.var(kind)
        cursor.execute("BEGIN :1 := NULL; END;", [variable])
        assert variable.getvalue() is None
        with pytest.raises(oracledb.DatabaseError, match="ORA-00932"):
            cursor.execute("BEGIN :1 := SYSDATE; END;", [variable])


@pytest.mark.parametrize(
    ("kind", "code"),
    [(oracledb.DB_TYPE_CURSOR, "PLS-00382"), (oracledb.DB_TYPE_XMLTYPE, "ORA-03115")],
    ids=["cursor", "xmltype"],
)
def test_a_block_cannot_assign_a_cursor_or_an_object(
    connection: oracledb.Connection, kind: Any, code: str
) -> None:
    cursor = connection.cursor()
    with pytest.raises(oracledb.DatabaseError, match=code):
        cursor.execute("BEGIN :1 := NULL; END;", [cursor.var(kind)])


def test_executemany_of_a_query_leaves_the_connection_usable(
    connection: oracledb.Connection,
) -> None:
    cursor = connection.cursor()
    for _ in range(2):
        cursor.executemany("SELECT :1 FROM DUAL", [(1,), (2,), (3,)])
        assert cursor.execute("SELECT 5 FROM DUAL").fetchall() == [(5,)]
