"""Random expressions of numbers: the local Oracle against a model of decimal arithmetic."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import oracledb
import pytest

from tests.integration.number_model import Maker, ModelError, Term, stored
from tracekit.testbed import LocalOracle

STATEMENTS = int(os.environ.get("TRACEKIT_DIFFERENTIAL_STATEMENTS", "200"))
COLUMNS = {"i": "NUMBER(9)", "q": "NUMBER(12, 3)", "w": "NUMBER(38)", "n": "NUMBER", "m": "NUMBER"}
ROWS_OF_ONE_TABLE = 25


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        opened.execute(f"CREATE TABLE t ({listed})")
        opened.outputtypehandler = exact
        yield opened


def exact(cursor: oracledb.Cursor, metadata: oracledb.FetchInfo) -> oracledb.Var | None:
    if metadata.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(Decimal, arraysize=cursor.arraysize)
    return None


def random_row(chance: random.Random) -> dict[str, Decimal | None]:
    def number(digits: int, scale: int) -> Decimal | None:
        if chance.random() < 0.08:
            return None
        drawn = chance.randrange(10 ** chance.randint(1, digits))
        return Decimal(drawn * chance.choice([1, -1])).scaleb(-scale)

    return {
        "i": number(9, 0),
        "q": number(12, 3),
        "w": number(38, 0),
        "n": number(38, chance.choice([0, 2, 10, 25, 60])),
        "m": number(6, chance.choice([0, 1, 3])),
    }


def random_term(maker: Maker, chance: random.Random) -> Term | str:
    try:
        return maker.term(chance.randint(1, 4))
    except ModelError as error:
        return str(error)


def test_random_expressions_have_oracles_digits(cursor: oracledb.Cursor) -> None:
    chance = random.Random(15)
    row: dict[str, Decimal | None] = {}
    for number in range(STATEMENTS):
        if number % ROWS_OF_ONE_TABLE == 0:
            row = random_row(chance)
            cursor.execute("DELETE FROM t")
            cursor.execute("INSERT INTO t VALUES (:i, :q, :w, :n, :m)", row)
            cursor.connection.commit()
        term = random_term(Maker(chance, row), chance)
        if isinstance(term, str):
            continue
        cursor.execute(f"SELECT 0 + {term.text} FROM t")
        [(value,)] = cursor.fetchall()
        assert value == term.value, f"{number}: {term.text} with {row}"
        if term.value is not None:
            cursor.execute(f"SELECT COUNT(*) FROM t WHERE {term.text} = :x", x=term.value)
            assert cursor.fetchone() == (1,), f"{number}: {term.text} = {term.value} with {row}"


def test_random_sums_have_oracles_digits(cursor: oracledb.Cursor) -> None:
    chance = random.Random(16)
    for number in range(max(STATEMENTS // 20, 1)):
        rows = [random_row(chance) for _ in range(chance.randint(1, 12))]
        cursor.execute("DELETE FROM t")
        cursor.executemany("INSERT INTO t VALUES (:i, :q, :w, :n, :m)", rows)
        name = chance.choice(list(COLUMNS))
        values = [row[name] for row in rows if row[name] is not None]
        cursor.execute(
            f"SELECT SUM({name}), AVG({name}), MIN({name}), MAX({name}), COUNT({name}) FROM t"
        )
        found = cursor.fetchone()
        if not values:
            assert found == (None, None, None, None, 0)
            continue
        assert found == (*_totals(values), len(values)), f"{number}: {name} of {rows}"


def _totals(values: list[Decimal]) -> tuple[Decimal, ...]:
    total = sum(map(Fraction, values), Fraction(0))
    return stored(total), stored(Fraction(stored(total)) / len(values)), min(values), max(values)
