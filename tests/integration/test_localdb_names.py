"""Names with and without quotes, through the real driver."""

from __future__ import annotations

import re
from collections.abc import Iterator

import oracledb
import pytest

from tracekit.testbed import LocalOracle


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        opened.execute(
            'CREATE TABLE "mixed" ("id" NUMBER(5), "ID" NUMBER(5), Id2 NUMBER(5),'
            ' CONSTRAINT "mixedKey" PRIMARY KEY ("id"))'
        )
        opened.execute('INSERT INTO "mixed" VALUES (1, 2, 3)')
        opened.execute('CREATE INDEX "anIndex" ON "mixed" ("ID")')
        opened.execute('CREATE SEQUENCE "mySeq"')
        connection.commit()
        yield opened


def rows(cursor: oracledb.Cursor, sql: str) -> list[tuple[object, ...]]:
    return list(cursor.execute(sql))


def test_quoted_names_are_told_apart_by_their_case(cursor: oracledb.Cursor) -> None:
    assert rows(cursor, 'SELECT "id", id, "ID2", m."id" FROM "mixed" m') == [(1, 2, 3, 1)]
    assert [column[0] for column in cursor.description] == ["id", "ID", "ID2", "id"]
    nested = 'WITH "w" AS (SELECT "id" AS "a", "ID" AS a FROM "mixed") SELECT a, "a" FROM "w"'
    assert rows(cursor, nested) == [(2, 1)]
    assert rows(cursor, 'SELECT "mySeq".NEXTVAL FROM DUAL') == [(1,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM mixed", "ORA-00942"),
        ('SELECT "Id" FROM "mixed"', 'ORA-00904: "Id": invalid identifier'),
        ('SELECT "iD2" FROM "mixed"', 'ORA-00904: "iD2": invalid identifier'),
        ('SELECT M."id" FROM "mixed" "m"', 'ORA-00904: "M"."id": invalid identifier'),
        ('WITH "w" AS (SELECT 1 a FROM DUAL) SELECT * FROM w', "ORA-00942"),
        ('INSERT INTO "mixed" VALUES (1, 5, 6)', "ORA-00001: unique constraint (DWH.mixedKey)"),
        ("SELECT 1 AS date FROM DUAL", "ORA-00923"),
        ("SELECT size FROM DUAL", "ORA-00936"),
        ("CREATE TABLE t (number NUMBER)", "ORA-00904"),
        ('CREATE TABLE t ("a" NUMBER, "A" NUMBER, "a" DATE)', "ORA-00957"),
        ('ALTER TABLE "mixed" ADD ("id" NUMBER)', "ORA-01430"),
        ('INSERT INTO "mixed" ("id", "id") VALUES (1, 2)', "ORA-00957"),
        ('INSERT INTO "mixed" ("id") VALUES (1, 2)', "ORA-00913"),
        ('INSERT INTO "mixed" ("id", "ID") VALUES (1)', "ORA-00947"),
        ("CREATE INDEX other.i ON dwh.t (a)", "ORA-03001"),
    ],
)
def test_errors_name_what_was_written(cursor: oracledb.Cursor, sql: str, said: str) -> None:
    with pytest.raises(oracledb.DatabaseError, match=re.escape(said)):
        cursor.execute(sql)
    assert rows(cursor, "SELECT 1 FROM DUAL") == [(1,)]


def test_the_dictionary_tells_names_as_they_were_written(cursor: oracledb.Cursor) -> None:
    columns = "SELECT table_name, column_name FROM user_tab_columns ORDER BY column_id"
    assert rows(cursor, columns) == [("mixed", "id"), ("mixed", "ID"), ("mixed", "ID2")]
    keys = "SELECT constraint_name, column_name FROM user_cons_columns"
    assert rows(cursor, keys) == [("mixedKey", "id")]
    indexed = "SELECT index_name, column_name FROM user_ind_columns ORDER BY 1"
    assert rows(cursor, indexed) == [("anIndex", "ID"), ("mixedKey", "id")]
    assert rows(cursor, "SELECT sequence_name FROM user_sequences") == [("mySeq",)]


def test_a_clock_is_no_reference_to_the_column_named_after_it(cursor: oracledb.Cursor) -> None:
    [(date, stamp, local)] = rows(
        cursor, "SELECT CURRENT_DATE, CURRENT_TIMESTAMP, LOCALTIMESTAMP FROM DUAL"
    )
    assert date == stamp.replace(microsecond=0) == local.replace(microsecond=0)
    assert [column[0] for column in cursor.description] == [
        "CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP",
    ]  # fmt: skip
