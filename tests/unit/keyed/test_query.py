from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.keyed import Query


def flat(sql: str) -> str:
    return " ".join(sql.split())


def test_keys_go_where_the_text_says():
    query = Query("SELECT * FROM T t WHERE t.ID IN ( :keys ) ORDER BY t.N", key="ID")
    sql, binds = query.statement([7, "x"])
    assert sql == "SELECT * FROM T t WHERE t.ID IN (:p0, :p1) ORDER BY t.N"
    assert binds == {"p0": 7, "p1": "x"}


def test_a_text_without_their_place_is_wrapped_in_its_own_order():
    query = Query("select * from t -- all\norder by x.created desc nulls last, 2;", key="id")
    sql, _ = query.statement(["a"])
    assert flat(sql) == (
        "SELECT * FROM ( select * from t -- all order by x.created desc nulls last, 2 ) "
        "WHERE id IN (:p0) ORDER BY created desc nulls last, 2"
    )


@pytest.mark.parametrize(
    ("sql", "order"),
    [
        ("SELECT ROW_NUMBER() OVER (ORDER BY a) n FROM t", ""),
        ("SELECT 'ORDER BY' x, \"ORDER\" FROM t /* ORDER BY y */", ""),
        ("SELECT * FROM t ORDER BY a FETCH FIRST 5 ROWS ONLY", " ORDER BY a"),
        ('SELECT * FROM (SELECT * FROM t ORDER BY b) ORDER BY "a"', ' ORDER BY "a"'),
    ],
)
def test_only_the_order_of_the_whole_text_is_kept(sql, order):
    assert flat(Query(sql, key="K").statement([1])[0]).endswith(f"WHERE K IN (:p0){order}")


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ("a asc, b Desc", "a asc, b Desc"),
        ("a DESC NULLS FIRST, t.b nulls last", "a DESC NULLS FIRST, b nulls last"),
        ('s.t."a b", 2 desc, 1', '"a b", 2 desc, 1'),
        ("a FOR UPDATE", "a"),
        ("a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", "a"),
    ],
)
def test_an_order_is_kept_by_the_names_of_the_result(order, kept):
    text = f"SELECT * FROM (SELECT * FROM t ORDER BY z) t ORDER BY {order}"
    sql, _ = Query(text, key="K").statement([1])
    assert sql.endswith(f"\n) WHERE K IN (:p0)\nORDER BY {kept}")


@pytest.mark.parametrize(
    ("order", "item"),
    [
        ("a, UPPER(name) DESC", r"UPPER \( name \) DESC"),
        ("COALESCE(a, b)", r"COALESCE \( a , b \)"),
        ("1 + 2", r"1 \+ 2"),
        ("t.a + b", r"t \. a \+ b"),
        ("a b", "a b"),
        (":x", ":x"),
        ("'a'", "'a'"),
        ("a,", ""),
        ("DESC", "DESC"),
    ],
)
def test_an_order_the_result_does_not_name_is_refused(order, item):
    binds = {"x": 1} if ":x" in order else {}
    with pytest.raises(ConfigError, match=rf"ordered by ['\"]{item}['\"], .*IN \(:keys\)"):
        Query(f"SELECT * FROM t ORDER BY {order}", key="K", binds=binds)


def test_any_order_will_do_where_the_text_is_not_wrapped():
    for sql, key in (
        ("SELECT * FROM t WHERE id IN (:keys) ORDER BY UPPER(name)", "ID"),
        ("SELECT * FROM t ORDER BY UPPER(name)", None),
    ):
        assert Query(sql, key=key).statement([1])[0] == sql.replace(":keys", ":p0")


def test_several_columns_make_tuples():
    sql, binds = Query("SELECT * FROM T", key=("A", "B")).statement([(1, "x"), (2, "y")])
    assert flat(sql).endswith("WHERE (A, B) IN ((:p0_0, :p0_1), (:p1_0, :p1_1))")
    assert binds == {"p0_0": 1, "p0_1": "x", "p1_0": 2, "p1_1": "y"}


@pytest.mark.parametrize(
    "left",
    ["ID", "s.t.ID", '"My Id"', "UPPER(t.ID)", 's."f"(t.ID)', "(t.A || t.B)", "f((g(x)), ')')"],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("WHERE x = 1 AND", ""),
        ("where", "and y = 2"),
        ("WHERE x = 1 OR", "OR y = 2"),
        ("JOIN u ON", ""),
        ("WHERE (", ")"),
        ("WHERE x = CASE WHEN", "THEN 1 END"),
    ],
)
def test_more_than_a_thousand_keys_are_split_into_lists(left, before, after):
    query = Query(
        f"SELECT * FROM t {before} {left} IN (:keys) {after}", key="ID", keys_per_statement=2001
    )
    sql, binds = query.statement(list(range(2001)))
    names = [f":p{n}" for n in range(2001)]
    lists = [", ".join(names[start : start + 1000]) for start in (0, 1000, 2000)]
    split = " OR ".join(f"{left} IN ({one})" for one in lists)
    assert sql == f"SELECT * FROM t {before} ({split}) {after}".rstrip()
    assert list(binds.values()) == list(range(2001))


def test_several_columns_are_split_into_lists_too():
    query = Query("SELECT * FROM t", key=("A", "B"), keys_per_statement=1001)
    sql, binds = query.statement([(n, -n) for n in range(1001)])
    assert "\n) WHERE ((A, B) IN ((:p0_0, :p0_1), " in sql
    assert sql.endswith("(:p999_0, :p999_1)) OR (A, B) IN ((:p1000_0, :p1000_1)))")
    assert (len(binds), binds["p1000_1"]) == (2002, -1000)


def test_keys_go_to_every_place_of_the_text():
    query = Query(
        "SELECT * FROM t WHERE a IN (:keys) UNION SELECT * FROM u WHERE b IN (:KEYS) -- end",
        key="ID",
    )
    assert query.statement([1, 2])[0] == (
        "SELECT * FROM t WHERE a IN (:p0, :p1) UNION SELECT * FROM u WHERE b IN (:p0, :p1)"
    )
    assert "WHERE 1 = 1 UNION SELECT * FROM u WHERE 1 = 1\n" in query.statement_of_keys()[0]


def test_a_list_elsewhere_than_in_an_in_takes_the_keys_too():
    query = Query("SELECT * FROM TABLE(SYS.ODCIVARCHAR2LIST(:keys))", key="COLUMN_VALUE")
    assert "ODCIVARCHAR2LIST(:p0, :p1)" in query.statement(["a", "b"])[0]
    with pytest.raises(ConfigError, match="--keys-sql"):
        query.statement_of_keys()


def test_the_distinct_keys_are_those_of_the_text_without_its_filter():
    query = Query(
        "SELECT * FROM t WHERE t.ID IN (:keys) AND d > :since", key="ID", binds={"since": 5}
    )
    sql, binds = query.statement_of_keys()
    assert flat(sql) == (
        "SELECT DISTINCT ID FROM ( SELECT * FROM t WHERE 1 = 1 AND d > :since ) ORDER BY 1"
    )
    assert binds == {"since": 5}
    sql, _ = Query("SELECT * FROM t", key=("A", '"b"')).statement_of_keys()
    assert flat(sql) == 'SELECT DISTINCT A, "b" FROM ( SELECT * FROM t ) ORDER BY 1, 2'


@pytest.mark.parametrize(
    ("sql", "binds", "message"),
    [
        (
            "SELECT * FROM t WHERE d > :Since",
            {},
            r"since has no value.*--bind since=VALUE, or binds=\{'since': \.\.\.\}",
        ),
        ("SELECT * FROM t", {"Until": 1}, r"no placeholder :Until .*\(placeholders: none\)"),
        (
            "SELECT :B, :a FROM t",
            {"a": 1, "b": 2, "until": 1},
            r"no placeholder :until .*\(placeholders: :a, :b\)",
        ),
        ("SELECT * FROM t WHERE a = ':since' -- :x", {"since": 1}, "no placeholder :since"),
        ("SELECT * FROM t WHERE id = :keys", {}, "write it in parentheses"),
        ("SELECT * FROM t WHERE id = (:keys, 1)", {}, "write it in parentheses"),
        ("SELECT * FROM t WHERE id IN (1, :keys)", {}, "write it in parentheses"),
        (":keys", {}, "write it in parentheses"),
        ("SELECT * FROM t WHERE id NOT IN (:keys)", {}, r"NOT IN \(:keys\)"),
        ("SELECT * FROM t WHERE NOT t.id IN (:keys)", {}, r"NOT IN \(:keys\)"),
        ("SELECT * FROM t WHERE NOT (t.a || t.b) IN (:keys)", {}, r"NOT IN \(:keys\)"),
    ],
)
def test_placeholders_and_values_must_fit(sql, binds, message):
    with pytest.raises(ConfigError, match=message):
        Query(sql, key="ID", binds=binds)


def test_binds_of_ones_own_never_meet_those_of_the_keys():
    query = Query("SELECT * FROM t WHERE p1 = :p1", key="ID", binds={"p1": "mine"})
    sql, binds = query.statement([1, 2])
    assert binds == {"key_0": 1, "key_1": 2, "p1": "mine"} and ":key_1" in sql
    query = Query("SELECT :px, :Key_0 FROM t", key="ID", binds={"PX": 1, "key_0": 2})
    sql, binds = query.statement([1])
    assert binds == {"tracekit_key_0": 1, "PX": 1, "key_0": 2} and ":tracekit_key_0)" in sql


@pytest.mark.parametrize("size", [0, -1, 65_536, "10", 2.5, True])
def test_a_size_no_statement_can_have_is_refused(size):
    with pytest.raises(ConfigError, match="keys_per_statement"):
        Query("SELECT * FROM t", key="ID", keys_per_statement=size)


@pytest.mark.parametrize(
    ("key", "binds", "most"),
    [("A", {}, 65_535), ("A", {"x": 1, "y": 2}, 65_533), (("A", "B"), {"x": 1}, 32_767)],
)
def test_as_many_keys_go_into_a_statement_as_oracle_takes_binds(key, binds, most):
    sql = "SELECT * FROM t WHERE x IN (:keys)" + "".join(f" AND :{name} = 1" for name in binds)
    assert Query(sql, key=key, binds=binds, keys_per_statement=1).keys_per_statement == 1
    assert Query(sql, key=key, binds=binds, keys_per_statement=most).keys_per_statement == most
    with pytest.raises(ConfigError, match=rf"from 1 to {most:,} \("):
        Query(sql, key=key, binds=binds, keys_per_statement=most + 1)


@pytest.mark.parametrize("key", ["a.b", "a b", "", "1", "ID; DROP TABLE t"])
def test_a_key_is_the_name_of_a_column(key):
    with pytest.raises(ConfigError, match="expected the name of a column"):
        Query("SELECT * FROM t", key=key)


@pytest.mark.parametrize(
    ("key", "shown"), [("A", "'A'"), (("A", "B"), "('A', 'B')"), (None, "None")]
)
def test_a_query_shows_its_name_and_key(key, shown):
    assert repr(Query("SELECT * FROM t", key=key, name="q")) == f"Query('q', key={shown})"


def test_key_columns_are_names_each_once():
    for key in (5, ["A", 5]):
        with pytest.raises(ConfigError, match="key 5: expected the name of a column"):
            Query("SELECT * FROM t", key=key)
    with pytest.raises(ConfigError, match="key 'A' is named twice"):
        Query("SELECT * FROM t", key=("A", "B", "A"))


@pytest.mark.parametrize(
    "end", [";", " ; -- done", ";;\n", "\n/\n", ";\n/", "; /* bye; */\n", " -- only a comment", ""]
)
def test_what_ends_a_statement_for_a_client_is_left_out(end):
    query = Query(f"/* ; */ SELECT ';' FROM t{end}", key="ID")
    assert query.sql == "/* ; */ SELECT ';' FROM t"
    assert flat(query.statement([1])[0]).startswith("SELECT * FROM ( /* ; */ SELECT ';' FROM t )")


def test_white_space_around_a_statement_is_left_out():
    assert Query("\n  SELECT * FROM t  \n", key="ID").sql == "SELECT * FROM t"


@pytest.mark.parametrize("sql", ["", " \n", ";", "-- nothing\n"])
def test_a_text_without_a_statement_is_refused(sql):
    with pytest.raises(ConfigError, match="query 'orders' has no SQL"):
        Query(sql, key="ID", name="orders")


def test_a_file_gives_the_text_and_the_name(tmp_path):
    file = tmp_path / "Xorders.sql"
    file.write_text("SELECT '機台' FROM orders;\n", encoding="utf-8")
    for sql in (file, str(file)):
        query = Query(sql, key="ID")
        assert (query.name, query.sql) == ("Xorders", "SELECT '機台' FROM orders")
    assert Query("SELECT 1 FROM T.sql", key="ID").name == "query"
    spaced = tmp_path / "my orders.SQL"
    spaced.write_text("SELECT 1 FROM orders", encoding="utf-8-sig")
    query = Query(str(spaced), key="ID")
    assert (query.name, query.sql) == ("my orders", "SELECT 1 FROM orders")
    with pytest.raises(ConfigError, match="could not be read"):
        Query(str(tmp_path / "missing.sql"))


def test_a_query_goes_to_another_process():
    query = Query(
        "SELECT * FROM t WHERE a = :a",
        key=("A", "B"), binds={"a": 1}, name="q", keys_per_statement=7,
    )  # fmt: skip
    assert query.keys_per_statement == 7
    again = pickle.loads(pickle.dumps(query))
    assert (again.definition, again.statement([(1, 2)])) == (
        query.definition,
        query.statement([(1, 2)]),
    )


@given(
    st.lists(
        st.sampled_from(
            ["'it''s :keys'", "q'[:keys]'", "-- :keys\n", "/* :keys */", '":keys"', " x "]
        )
    )
)
def test_quotes_and_comments_hold_no_place_for_keys(parts):
    query = Query("SELECT * FROM t WHERE 1 = 1 " + " ".join(parts), key="ID")
    assert "WHERE ID IN (:p0)" in query.statement([1])[0]
