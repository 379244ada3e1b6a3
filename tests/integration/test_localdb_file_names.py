"""A DuckDB file that others made, with names of their own, through the real driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import oracledb
import pytest

from tracekit.testbed import LocalOracle


@pytest.fixture(params=["in memory", "in place"])
def cursor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[oracledb.Cursor]:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute('CREATE TABLE orders (id BIGINT, "Order Date" TIMESTAMP, amt DOUBLE, up INT)')
        made.execute("INSERT INTO orders VALUES (1, '2026-03-01', 1.5, 7), (2, '2026-03-02', 2, 8)")
        made.execute('CREATE TABLE "UPPER" ("ID" INT)')
        made.execute("CREATE SCHEMA sales")
        made.execute("CREATE TABLE sales.items (id INT)")
        made.execute("INSERT INTO sales.items VALUES (5)")
    writable = request.param == "in place"
    with (
        LocalOracle(str(path), writable=writable) as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        yield opened


def rows(cursor: oracledb.Cursor, sql: str, **binds: object) -> list[tuple[object, ...]]:
    return list(cursor.execute(sql, binds))


def test_names_are_found_as_oracle_and_as_the_file_spells_them(cursor: oracledb.Cursor) -> None:
    assert rows(cursor, "SELECT id FROM orders WHERE amt < :x + 10", x=-8) == [(1,)]
    assert rows(cursor, 'SELECT "id", ID FROM "orders" ORDER BY "id"') == [(1, 1), (2, 2)]
    assert [column[0] for column in cursor.description] == ["id", "ID"]
    assert rows(cursor, 'SELECT COUNT("Order Date") FROM dwh.orders o GROUP BY o."up"') == [
        (1,),
        (1,),
    ]
    assert rows(cursor, 'WITH o AS (SELECT * FROM orders) SELECT MAX(o."amt") FROM o') == [(2.0,)]
    assert rows(cursor, 'SELECT "id" FROM "sales"."items"') == [(5,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ('SELECT "id" FROM "UPPER"', 'ORA-00904: "id"'),
        ('SELECT "Id" FROM orders', 'ORA-00904: "Id"'),
        ('SELECT * FROM "Orders"', "ORA-00942"),
        ('SELECT "id" FROM (SELECT id FROM orders)', 'ORA-00904: "id"'),
        ('SELECT "id" FROM orders a, orders b', "ORA-00918"),
        ("SELECT id FROM orders ORDER BY nothing", 'ORA-00904: "NOTHING"'),
    ],
)
def test_no_other_spelling_finds_them(cursor: oracledb.Cursor, sql: str, said: str) -> None:
    with pytest.raises(oracledb.DatabaseError, match=said):
        cursor.execute(sql)


def test_they_can_be_written_and_are_the_users(cursor: oracledb.Cursor) -> None:
    cursor.execute("INSERT INTO orders (id, amt) VALUES (3, 4)")
    cursor.execute('INSERT INTO "orders" ("id", "amt") VALUES (4, 4)')
    cursor.execute('UPDATE orders SET "amt" = 9 WHERE "id" = 1')
    assert cursor.rowcount == 1
    assert rows(cursor, "SELECT id, amt FROM orders ORDER BY id") == [
        (1, 9),
        (2, 2),
        (3, 4),
        (4, 4),
    ]
    found = rows(cursor, "SELECT table_name FROM user_tables ORDER BY 1")
    assert found == [("ORDERS",), ("UPPER",)]
