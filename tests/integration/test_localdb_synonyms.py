"""Synonyms beyond single statements: sessions, schemas, and files that keep them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import oracledb
import pytest

from tracekit import LocalOracle


def _connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def _all(connection: oracledb.Connection, sql: str) -> list[tuple[object, ...]]:
    return list(connection.cursor().execute(sql).fetchall())


def test_a_writable_file_keeps_synonyms_and_a_read_only_one_follows_them(tmp_path: Path) -> None:
    path = tmp_path / "kept.duckdb"
    duckdb.connect(str(path)).close()
    with LocalOracle(path, writable=True) as local, _connect(local) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE stock (id NUMBER(5))")
        cursor.execute("INSERT INTO stock VALUES (1)")
        cursor.execute("CREATE PUBLIC SYNONYM goods FOR stock")
        connection.commit()
    with LocalOracle(path) as local, _connect(local) as connection:
        connection.cursor().execute("INSERT INTO goods VALUES (2)")
        assert _all(connection, "SELECT id FROM goods ORDER BY id") == [(1,), (2,)]


def test_other_sessions_and_schemas_see_what_is_created_and_replaced() -> None:
    with LocalOracle(":memory:") as local, _connect(local) as one, _connect(local) as two:
        cursor = one.cursor()
        for name, value in (("first", 1), ("second", 2)):
            cursor.execute(f"CREATE TABLE {name} (a NUMBER)")
            cursor.execute(f"INSERT INTO {name} VALUES ({value})")
        one.commit()
        cursor.execute("CREATE PUBLIC SYNONYM shown FOR first")
        assert _all(two, "SELECT a FROM shown") == [(1,)]
        cursor.execute("CREATE OR REPLACE PUBLIC SYNONYM shown FOR second")
        assert _all(two, "SELECT a FROM shown") == [(2,)]
        cursor.execute("CREATE USER other IDENTIFIED BY secret1")
        two.current_schema = "OTHER"
        assert _all(two, "SELECT a FROM shown WHERE shown.a = 2") == [(2,)]
        cursor.execute("DROP PUBLIC SYNONYM shown")
        with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
            _all(two, "SELECT a FROM shown")


def test_views_and_blocks_are_about_what_a_synonym_stood_for() -> None:
    with LocalOracle(":memory:") as local, _connect(local) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE dwh.parts (id NUMBER(5) PRIMARY KEY, name VARCHAR2(9))")
        cursor.execute("CREATE SYNONYM p FOR parts")
        cursor.execute("BEGIN INSERT INTO p (id, name) VALUES (1, 'nut'); END;")
        cursor.execute("CREATE VIEW seen AS SELECT p.name FROM p")
        cursor.execute("CREATE TABLE copied AS SELECT * FROM p")
        cursor.execute(
            "MERGE INTO p USING copied c ON (p.id = c.id)"
            " WHEN MATCHED THEN UPDATE SET name = 'bolt'"
        )
        cursor.execute("DELETE FROM dwh.p WHERE dwh.p.id > 1")
        assert _all(connection, "SELECT seen.name, c.name FROM seen, copied c") == [("bolt", "nut")]
        cursor.execute("WITH p AS (SELECT 7 AS id FROM DUAL) SELECT id FROM p")
        assert cursor.fetchall() == [(7,)]
