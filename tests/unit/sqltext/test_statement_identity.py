"""Statements that ask the same are one statement, whoever wrote them and under any Python."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracekit.sqltext import normalise, statement_sha256, without_literals

_SAME = [
    (
        "select a, b from t where k in (:p0,:p1 , :p2)",
        "SELECT A,B\n  FROM T -- all of them\n WHERE K IN(:x)",
    ),
    ("select /*+ FULL(t) PARALLEL(8) */ a from t", "select --+ INDEX(t)\n a from t"),
    ("select a from t where k = :1 and l = :2", "select a from t where k = :k and l = : l"),
    ('select t."Name" from s . t', 'SELECT T . "Name" FROM S.T'),
    ("select count(*) from t", "SELECT COUNT (*) FROM T /* unended"),
    ("where (a, b) in ((:1, :2), (:3, :4))", "WHERE (A,B) IN ((:a,:b))"),
    ("select n'x' || q'[it's]' from t", "select N'x' || Q'[it's]' from t"),
    ("select 1e5 from t", "select 1E5 from t"),
    ("select a\u3000from t", "select a from t"),
    ("select a from t where b=12and c = 3", "select a from t where b = 12 and c = 3"),
]
_DIFFERENT = [
    ("select 'a' from t", "select 'A' from t"),
    ("select 'a  b' from t", "select 'a b' from t"),
    ('select "a" from t', 'select "A" from t'),
    ("select a from t where k = 1", "select a from t where k = 2"),
    ("select a from t where k = :b", "select a from t where k = 1"),
    ("begin p(:a, :b); end;", "begin p(:a); end;"),
    ("insert into t values (:a, :b)", "insert into t values (:a)"),
    ("select 'a' 'b' from t", "select 'a''b' from t"),
    ("select a from t where k in (:a, 1)", "select a from t where k in (:a, 2)"),
    ("select a.b from t", "select a b from t"),
]


@pytest.mark.parametrize(("one", "other"), _SAME)
def test_notation_binds_and_hints_do_not_matter(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert statement_sha256(one) == statement_sha256(other)


@pytest.mark.parametrize(("one", "other"), _DIFFERENT)
def test_what_may_give_other_rows_matters(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)
    assert statement_sha256(one) != statement_sha256(other)


def test_a_hash_is_for_good() -> None:
    statement = "select t.名稱, 'x y' from s.t where k in (:a, :b) and n > :c and m < 1.5e3"
    assert normalise(statement) == (
        "SELECT T.名稱, 'x y' FROM S.T WHERE K IN (:BINDS) AND N > :BIND AND M < 1.5E3"
    )
    assert statement_sha256(statement) == (
        "b9f1e23b509d60a0716ff308f3b7515f21f21010d08c3ef8c72bbc46445e7bb5"
    )


def test_letters_of_newer_unicode_tables_are_letters() -> None:
    assert normalise("select \U00031350\U0002ebf0 x from t") == (
        "SELECT \U00031350\U0002ebf0 X FROM T"
    )


def test_literals_can_be_taken_out() -> None:
    statement = "select a, 5 from t where b = 'secret' and c = nq'[more]' and d > :x"
    assert without_literals(statement) == (
        "SELECT A, ? FROM T WHERE B = '?' AND C = '?' AND D > :BIND"
    )


@pytest.mark.parametrize("broken", ["select 'a", 'select "a', "select q'[a", "select 'a''"])
def test_a_statement_that_no_database_takes_has_an_identity_too(broken: str) -> None:
    assert normalise(broken).startswith("SELECT ")
    assert without_literals(broken) == "SELECT '?'"


_PIECES = st.lists(
    st.sampled_from(
        ["in", "(", ")", ",", ".", ":a", ":", "=", ":=", "'x'", "n'y'", '"q"', "a", "B", "1", ".5",
         "1.", "--c\n", "/*h*/", " ", "\n", "名", "%", ";", "||", "q'(z)'"]
    ),
    max_size=12,
)  # fmt: skip


@given(_PIECES)
@example([":", "--c\n", "n'y'"])
@settings(max_examples=500, deadline=None)
def test_normalising_twice_changes_nothing(pieces: list[str]) -> None:
    once = normalise("".join(pieces))
    assert normalise(once) == once
    blind = without_literals("".join(pieces))
    assert without_literals(blind) == blind
