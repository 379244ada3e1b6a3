"""The data dictionary, asked through python-oracledb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import oracledb
import pytest

from tracekit.testbed import LocalOracle

# Declaration: DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, CHAR_LENGTH as Oracle 19c gives
# them (Database Reference, ALL_TAB_COLUMNS; an AL32UTF8 character takes up to four bytes).
DECLARED: dict[str, tuple[str, int, int | None, int | None, int]] = {
    "VARCHAR2(40 CHAR)": ("VARCHAR2", 160, None, None, 40),
    "CHAR(3 CHAR)": ("CHAR", 12, None, None, 3),
    "NUMBER": ("NUMBER", 22, None, None, 0),
    "NUMBER(10)": ("NUMBER", 22, 10, 0, 0),
    "NUMBER(12,3)": ("NUMBER", 22, 12, 3, 0),
    "INTEGER": ("NUMBER", 22, None, 0, 0),
    "FLOAT": ("FLOAT", 22, 126, None, 0),
    "BINARY_DOUBLE": ("BINARY_DOUBLE", 8, None, None, 0),
    "BINARY_FLOAT": ("BINARY_FLOAT", 4, None, None, 0),
    "DATE": ("DATE", 7, None, None, 0),
    "TIMESTAMP": ("TIMESTAMP(6)", 11, None, 6, 0),
    "TIMESTAMP(3)": ("TIMESTAMP(3)", 11, None, 3, 0),
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP(6) WITH TIME ZONE", 13, None, 6, 0),
    "INTERVAL DAY TO SECOND": ("INTERVAL DAY(2) TO SECOND(6)", 11, 2, 6, 0),
    "RAW(16)": ("RAW", 16, None, None, 0),
    "CLOB": ("CLOB", 4000, None, None, 0),
    "BLOB": ("BLOB", 4000, None, None, 0),
}
FAMILIES = [
    "TABLES",
    "VIEWS",
    "OBJECTS",
    "TAB_COLS",
    "TAB_COLUMNS",
    "TAB_COMMENTS",
    "COL_COMMENTS",
    "TAB_IDENTITY_COLS",
    "CONSTRAINTS",
    "CONS_COLUMNS",
    "INDEXES",
    "IND_COLUMNS",
    "IND_EXPRESSIONS",
    "SEQUENCES",
    "SYNONYMS",
    "MVIEWS",
    "MVIEW_COMMENTS",
    "DB_LINKS",
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dictionary") / "lots.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            CREATE SCHEMA DWH;
            CREATE TABLE DWH.lots (id BIGINT PRIMARY KEY, name VARCHAR NOT NULL, made TIMESTAMP,
                                   day TIMESTAMP_S, qty DECIMAL(12, 3), share DOUBLE, memo BLOB);
            CREATE INDEX lots_name ON DWH.lots (name, made);
            CREATE VIEW DWH.named AS SELECT id, name FROM DWH.lots;
            INSERT INTO DWH.lots VALUES (1, '一', NULL, NULL, 1.5, 0.5, NULL);
            """
        )
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[LocalOracle]:
    with LocalOracle(str(file)) as local:
        yield local


@pytest.fixture(scope="module")
def cursor(server: LocalOracle) -> Iterator[oracledb.Cursor]:
    with (
        oracledb.connect(user=server.user, password=server.password, dsn=server.dsn) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def ask(cursor: oracledb.Cursor, sql: str, *binds: object) -> list[Any]:
    return cursor.execute(sql, list(binds)).fetchall()


def described(cursor: oracledb.Cursor, table: str) -> dict[str, tuple[Any, ...]]:
    """Name, precision and scale of each column as a query's description tells them."""
    cursor.execute(f'SELECT * FROM "{table}" WHERE 1 = 0')
    return {info.name: (info.type_code, info.precision, info.scale) for info in cursor.description}


def test_declared_types_are_those_of_oracle(cursor: oracledb.Cursor) -> None:
    columns = ", ".join(f"C{index} {kind}" for index, kind in enumerate(DECLARED))
    cursor.execute(f"CREATE TABLE every_type ({columns})")
    rows = ask(
        cursor,
        "SELECT data_type, data_length, data_precision, data_scale, char_length"
        " FROM user_tab_columns WHERE table_name = 'EVERY_TYPE' ORDER BY column_id",
    )
    assert dict(zip(DECLARED, rows, strict=True)) == DECLARED


def test_numbers_are_described_with_the_dictionary_s_precision(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE TABLE numbers_only (a NUMBER(10), b NUMBER(12,3), c NUMBER(38))")
    rows = ask(
        cursor,
        "SELECT column_name, data_precision, data_scale FROM all_tab_cols"
        " WHERE owner = :1 AND table_name = :2",
        "DWH",
        "NUMBERS_ONLY",
    )
    types = described(cursor, "NUMBERS_ONLY")
    assert {name: (oracledb.DB_TYPE_NUMBER, *sizes) for name, *sizes in rows} == types


def test_tables_of_a_served_file_are_tables_with_their_keys(cursor: oracledb.Cursor) -> None:
    assert ask(cursor, "SELECT object_type FROM all_objects WHERE object_name = 'LOTS'") == [
        ("TABLE",)
    ]
    columns = ask(
        cursor,
        "SELECT column_name, data_type, data_precision, data_scale, nullable FROM user_tab_cols"
        " WHERE table_name = 'LOTS' ORDER BY column_id",
    )
    assert columns == [
        ("ID", "NUMBER", 18, 0, "N"),
        ("NAME", "VARCHAR2", None, None, "N"),
        ("MADE", "TIMESTAMP(6)", None, 6, "Y"),
        ("DAY", "DATE", None, None, "Y"),
        ("QTY", "NUMBER", 12, 3, "Y"),
        ("SHARE", "BINARY_DOUBLE", None, None, "Y"),
        ("MEMO", "RAW", None, None, "Y"),
    ]
    keys = "SELECT constraint_type, search_condition FROM user_constraints WHERE table_name = :1"
    assert set(ask(cursor, keys, "LOTS")) == {("P", None), ("C", '"NAME" IS NOT NULL')}


def test_a_table_copied_at_its_first_write_stays_the_same(file: Path) -> None:
    questions = [
        "SELECT column_name, data_type, nullable FROM user_tab_cols WHERE table_name = 'LOTS'",
        "SELECT constraint_type FROM user_constraints WHERE table_name = 'LOTS'",
        "SELECT object_type FROM user_objects WHERE object_name = 'LOTS'",
        "SELECT view_name FROM user_views",
    ]
    with (
        LocalOracle(str(file)) as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as cursor,
    ):
        before = [sorted(ask(cursor, question)) for question in questions]
        cursor.execute("INSERT INTO lots (id, name) VALUES (2, 'two')")
        connection.commit()
        assert [sorted(ask(cursor, question)) for question in questions] == before


def test_constraints_name_their_columns_and_what_they_refer_to(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE TABLE makers (a NUMBER(5), b NUMBER(5), PRIMARY KEY (b, a))")
    cursor.execute(
        "CREATE TABLE made (id NUMBER(5) UNIQUE, x NUMBER(5), y NUMBER(5), CHECK (x > 0),"
        " FOREIGN KEY (x, y) REFERENCES makers (b, a))"
    )
    rows = ask(
        cursor,
        "SELECT c.constraint_type, l.column_name, l.position, r.table_name, r.column_name"
        " FROM all_constraints c"
        " JOIN all_cons_columns l ON l.owner = c.owner AND l.constraint_name = c.constraint_name"
        " LEFT JOIN all_cons_columns r ON r.owner = c.r_owner"
        " AND r.constraint_name = c.r_constraint_name AND r.position = l.position"
        " WHERE c.table_name = 'MADE'",
    )
    assert set(rows) == {
        ("U", "ID", 1, None, None),
        ("C", "X", None, None, None),
        ("R", "X", 1, "MAKERS", "B"),
        ("R", "Y", 2, "MAKERS", "A"),
    }


def test_indexes_tell_columns_expressions_and_uniqueness(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE TABLE indexed (a NUMBER(5), b VARCHAR2(9))")
    cursor.execute("CREATE UNIQUE INDEX indexed_ab ON indexed (b, a)")
    cursor.execute("CREATE INDEX indexed_up ON indexed (UPPER(b))")
    indexes = ask(
        cursor,
        "SELECT index_name, uniqueness, index_type FROM user_indexes"
        " WHERE table_name = 'INDEXED' ORDER BY index_name",
    )
    assert indexes == [
        ("INDEXED_AB", "UNIQUE", "NORMAL"),
        ("INDEXED_UP", "NONUNIQUE", "FUNCTION-BASED NORMAL"),
    ]
    columns = "SELECT column_name FROM user_ind_columns WHERE index_name = :1 ORDER BY 1"
    assert ask(cursor, columns, "INDEXED_AB") == [("A",), ("B",)]
    assert len(ask(cursor, "SELECT 1 FROM user_ind_expressions")) == 1


def test_a_dropped_table_leaves_nothing(cursor: oracledb.Cursor) -> None:
    cursor.execute("CREATE TABLE passing (a CHAR(2) PRIMARY KEY)")
    cursor.execute("DROP TABLE passing")
    cursor.execute("CREATE TABLE passing (a NUMBER(4))")
    kind = "SELECT data_type FROM user_tab_cols WHERE table_name = 'PASSING'"
    assert ask(cursor, kind) == [("NUMBER",)]
    assert not ask(cursor, "SELECT 1 FROM user_constraints WHERE table_name = 'PASSING'")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_user_and_dba_views_agree_with_all(cursor: oracledb.Cursor, family: str) -> None:
    names = {}
    counts = {}
    for prefix in ("ALL", "DBA", "USER"):
        cursor.execute(f"SELECT * FROM {prefix}_{family}")
        names[prefix] = {info.name for info in cursor.description}
        counts[prefix] = len(cursor.fetchall())
    assert names["ALL"] == names["DBA"] >= names["USER"]
    assert counts["ALL"] == counts["DBA"] == counts["USER"], "all objects here are the user's"


def test_the_server_says_what_it_is(cursor: oracledb.Cursor) -> None:
    ((banner,),) = ask(cursor, "SELECT banner FROM v$version")
    version = cursor.connection.version
    assert version in banner
    assert ask(cursor, "SELECT value FROM v$parameter WHERE name = 'compatible'")[0][0] == version
    charset = "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'"
    assert ask(cursor, charset) == [("AL32UTF8",)]


def test_the_dictionary_is_found_under_sys_and_behind_own_names(cursor: oracledb.Cursor) -> None:
    assert ask(cursor, "SELECT username FROM sys.all_users ORDER BY 1") == [("DWH",), ("SYS",)]
    cursor.execute("CREATE TABLE all_synonyms (mine NUMBER(1))")
    assert list(described(cursor, "ALL_SYNONYMS")) == ["MINE"]
    cursor.execute("DROP TABLE all_synonyms")
    assert "OWNER" in described(cursor, "ALL_SYNONYMS")


def test_a_writable_file_keeps_its_declared_types(tmp_path: Path) -> None:
    path = tmp_path / "own.duckdb"
    duckdb.connect(str(path)).close()
    kind = "SELECT data_type, char_length FROM user_tab_cols WHERE table_name = 'KEPT'"
    for writable in (True, False):
        with (
            LocalOracle(str(path), writable=writable) as local,
            oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
            connection.cursor() as cursor,
        ):
            if writable:
                cursor.execute("CREATE TABLE kept (a CHAR(7 CHAR))")
            assert ask(cursor, kind) == [("CHAR", 7)]
