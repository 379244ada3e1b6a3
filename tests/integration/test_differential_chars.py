"""Random statements over CHAR and VARCHAR2 columns, against a model of padded text in Python.

A value of the model is a text and whether it is a CHAR. Two CHARs are compared with blanks behind
the shorter one, all else as it is; a CHAR column holds its text padded. The local Oracle has no
part in it. `TRACEKIT_DIFFERENTIAL_EXAMPLES=1000` runs 10,000 statements and more.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

import oracledb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracekit.testbed import LocalOracle

EXAMPLES = int(os.environ.get("TRACEKIT_DIFFERENTIAL_EXAMPLES", "20"))
A, B, V = 3, 5, 5
"""Lengths of the columns."""


class Text(NamedTuple):
    """A value; of NULL the text is None."""

    text: str | None
    is_char: bool


class Row(NamedTuple):
    id: int
    a: str | None
    b: str | None
    v: str | None

    def held(self) -> Row:
        return Row(self.id, padded(self.a, A), padded(self.b, B), self.v)


class Operand(NamedTuple):
    """An expression in SQL, and what it is for a row."""

    sql: str
    of: Callable[[Row], Text]


def padded(text: str | None, length: int) -> str | None:
    return None if text is None else text.ljust(length)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def joined(one: str | None, other: str | None) -> str | None:
    return ((one or "") + (other or "")) or None


texts = st.text(alphabet="ab \t製", min_size=1, max_size=5)
literals = texts.map(lambda text: Operand(literal(text), lambda _: Text(text, True)))
casts = st.tuples(texts, st.integers(1, 6)).map(
    lambda given: Operand(
        f"CAST({literal(given[0])} AS CHAR({given[1]}))",
        lambda _: Text(given[0][: given[1]].ljust(given[1]), True),
    )
)
columns = st.sampled_from(
    [
        Operand("a", lambda row: Text(row.a, True)),
        Operand("b", lambda row: Text(row.b, True)),
        Operand("v", lambda row: Text(row.v, False)),
        Operand("UPPER(a)", lambda row: Text(row.a and row.a.upper(), True)),
        Operand("a || b", lambda row: Text(joined(row.a, row.b), True)),
        Operand("a || v", lambda row: Text(joined(row.a, row.v), False)),
        Operand("SUBSTR(b, 1, 2)", lambda row: Text(row.b and row.b[:2], False)),
        Operand("NVL(a, 'ab')", lambda row: Text("ab" if row.a is None else row.a, False)),
        Operand("TRIM(b)", lambda row: Text((row.b or "").strip(" ") or None, False)),
        Operand("(SELECT x.b FROM t x WHERE x.id = t.id)", lambda row: Text(row.b, True)),
        Operand(
            "CASE WHEN v IS NULL THEN 'aa' ELSE 'b ' END",
            lambda row: Text("aa" if row.v is None else "b ", True),
        ),
        Operand(
            "CASE WHEN v IS NULL THEN 'aa' ELSE 'b' END",
            lambda row: Text("aa" if row.v is None else "b", False),
        ),
    ]
)
operands = st.one_of(columns, columns, literals, casts)
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compared(one: Text, sign: str, other: Text) -> bool | None:
    """As Oracle compares: NULL is neither."""
    left, right = one.text, other.text
    if left is None or right is None:
        return None
    if one.is_char and other.is_char:
        length = max(len(left), len(right))
        left, right = left.ljust(length), right.ljust(length)
    return OPERATORS[sign](left, right)


def either(results: list[bool | None]) -> bool | None:
    return True if True in results else None if None in results else False


class Condition(NamedTuple):
    sql: str
    of: Callable[[Row], bool | None]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    first = draw(operands)
    kind = draw(st.sampled_from(["compare", "compare", "in", "between", "like", "case", "join"]))
    if kind == "compare":
        sign, second = draw(st.sampled_from(list(OPERATORS))), draw(operands)
        return Condition(
            f"{first.sql} {sign} {second.sql}",
            lambda row: compared(first.of(row), sign, second.of(row)),
        )
    if kind == "in":
        listed = draw(st.lists(st.one_of(literals, casts), min_size=1, max_size=3))
        return Condition(
            f"{first.sql} IN ({', '.join(one.sql for one in listed)})",
            lambda row: either([compared(first.of(row), "=", one.of(row)) for one in listed]),
        )
    if kind == "between":
        low, high = draw(literals), draw(literals)
        return Condition(
            f"{first.sql} >= {low.sql} AND {first.sql} BETWEEN {low.sql} AND {high.sql}",
            lambda row: both(
                compared(first.of(row), ">=", low.of(row)),
                compared(first.of(row), "<=", high.of(row)),
            ),
        )
    if kind == "like":
        text = draw(texts)
        return Condition(
            f"{first.sql} LIKE {literal(text)}",
            lambda row: None if first.of(row).text is None else first.of(row).text == text,
        )
    if kind == "case":
        second = draw(literals)
        return Condition(
            f"CASE {first.sql} WHEN {second.sql} THEN 1 ELSE 0 END = 1",
            lambda row: compared(first.of(row), "=", second.of(row)) is True,
        )
    second = draw(columns)
    return Condition(
        f"EXISTS (SELECT 1 FROM DUAL WHERE {first.sql} = {second.sql})",
        lambda row: compared(first.of(row), "=", second.of(row)) is True,
    )


def both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


rows_of_t = st.lists(
    st.tuples(
        st.none() | st.text("ab \t製", min_size=1, max_size=A),
        st.none() | st.text("ab \t製", min_size=1, max_size=B),
        st.none() | st.text("ab \t製", min_size=1, max_size=V),
    ),
    min_size=1,
    max_size=6,
).map(lambda rows: [Row(number, *row) for number, row in enumerate(rows, start=1)])


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        opened.execute(f"CREATE TABLE t (id NUMBER(9), a CHAR({A}), b CHAR({B}), v VARCHAR2({V}))")
        yield opened


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=rows_of_t,
    asked=st.lists(conditions(), min_size=4, max_size=6),
    shown=st.lists(columns, min_size=1, max_size=3),
    bound=texts,
    too_long=st.text("ab ", min_size=A + 1, max_size=A + 2),
)
def test_random_statements_give_what_padded_text_means(
    cursor: oracledb.Cursor,
    rows: list[Row],
    asked: list[Condition],
    shown: list[Operand],
    bound: str,
    too_long: str,
) -> None:
    cursor.execute("DELETE FROM t")
    cursor.executemany("INSERT INTO t VALUES (:1, :2, :3, :4)", rows)
    held = [row.held() for row in rows]
    for condition in asked:
        said = f"SELECT id FROM t WHERE {condition.sql} ORDER BY id"
        unknown = f"SELECT id FROM t WHERE NOT ({condition.sql}) ORDER BY id"
        meant = [row.id for row in held if condition.of(row) is True]
        assert [found for (found,) in cursor.execute(said)] == meant, said
        meant = [row.id for row in held if condition.of(row) is False]
        assert [found for (found,) in cursor.execute(unknown)] == meant, unknown
    listed = ", ".join(
        f"{one.sql} AS c{i}, LENGTH({one.sql}) AS l{i}" for i, one in enumerate(shown)
    )
    got = list(cursor.execute(f"SELECT {listed} FROM t ORDER BY id"))
    assert got == [
        tuple(
            value
            for one in shown
            for value in (one.of(row).text, len(one.of(row).text or "") or None)
        )
        for row in held
    ]
    cursor.execute("SELECT id FROM t WHERE a = :1 ORDER BY id", [bound])
    assert [found for (found,) in cursor] == [row.id for row in held if row.a == bound]
    cursor.setinputsizes(oracledb.DB_TYPE_CHAR)
    cursor.execute("SELECT id FROM t WHERE a = :1 ORDER BY id", [bound])
    char = Text(bound, True)
    assert [found for (found,) in cursor] == [
        row.id for row in held if compared(Text(row.a, True), "=", char)
    ]
    cursor.execute("SELECT MIN(a), MAX(a), MIN(v), COUNT(DISTINCT b) FROM t")
    known = [[value for row in held if (value := getattr(row, name))] for name in "aavb"]
    extremes = [min(known[0], default=None), max(known[1], default=None)]
    assert cursor.fetchone() == (*extremes, min(known[2], default=None), len(set(known[3])))
    check_that_too_long_text_is_refused(cursor, too_long)


def check_that_too_long_text_is_refused(cursor: oracledb.Cursor, text: str) -> None:
    stated = f'"A" (actual: {len(text)}, maximum: {A})'
    before = cursor.execute("SELECT * FROM t ORDER BY id").fetchall()
    for sql, binds in (
        ("UPDATE t SET a = :1", [text]),
        (f"INSERT INTO t (a) VALUES ({literal(text)})", []),
        ("INSERT INTO t (id, a) SELECT id, :1 FROM t", [text]),
    ):
        with pytest.raises(oracledb.DatabaseError, match="ORA-12899") as refused:
            cursor.execute(sql, binds)
        assert stated in str(refused.value)
    assert cursor.execute("SELECT * FROM t ORDER BY id").fetchall() == before
