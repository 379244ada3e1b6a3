"""No two rows of one CID have equal order keys, or `exact` would be a coin toss.

The keys are read out of the domain queries themselves: the ORDER BY of each, and the one of every
ROW_NUMBER in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from tracekit import workloads
from tracekit.trace import DOMAINS, domain_query


@pytest.fixture(
    scope="module", params=["trace-smoke", pytest.param("trace-114k", marks=pytest.mark.slow)]
)
def connection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    path = workloads.build(workloads.load(request.param), tmp_path_factory.mktemp("order"))
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def parsed(domain: str) -> exp.Select:
    """The domain's query over all CIDs at once."""
    sql, _ = domain_query(domain).statement(["cid"])
    asked = "TABLE(SYS.ODCIVARCHAR2LIST(:p0)) k"
    everyone = "(SELECT CONTAINERID AS COLUMN_VALUE FROM DWH.DW_MES_CONTAINER) k"
    tree = sqlglot.parse_one(sql.replace(asked, everyone), dialect="oracle")
    for bound in tree.find_all(exp.Placeholder):
        bound.find_ancestor(exp.In).replace(exp.true())  # type: ignore[union-attr]
    assert isinstance(tree, exp.Select)
    return tree


def order_keys(ordering: exp.Order) -> list[exp.Expr]:
    return [ordered.this.copy() for ordered in ordering.expressions]


def ties(
    connection: duckdb.DuckDBPyConnection, query: exp.Select, keys: list[exp.Expr]
) -> tuple[int, int]:
    """Rows of `query` and how many of them share all `keys` with another; NULLs are equal."""
    query.set("expressions", [exp.alias_(key, f"k{n}") for n, key in enumerate(keys)])
    query.set("order", None)
    names = ", ".join(f"k{n}" for n in range(len(keys)))
    [(rows, tied)] = connection.execute(
        f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (n > 1), 0) FROM"
        f" (SELECT count(*) AS n FROM ({query.sql('duckdb', comments=False)}) GROUP BY {names})"
    ).fetchall()
    return rows, tied


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_order_of_a_cids_rows_is_decided(
    connection: duckdb.DuckDBPyConnection, domain: str
) -> None:
    query = parsed(domain)
    keys = order_keys(query.args["order"])
    keys.append(next(s.unalias() for s in query.selects if s.alias_or_name == "CONTAINERID"))

    rows, tied = ties(connection, query, keys)

    assert rows > 0
    assert tied == 0


@pytest.mark.parametrize(
    ("domain", "expected"), [("history", 1), ("upstream_history", 1), ("rejects", 1)]
)
def test_the_winner_of_every_row_number_is_decided(
    connection: duckdb.DuckDBPyConnection, domain: str, expected: int
) -> None:
    windows = list(parsed(domain).find_all(exp.Window))
    assert len(windows) == expected

    for window in windows:
        select = window.find_ancestor(exp.Select)
        assert isinstance(select, exp.Select)
        keys = [key.copy() for key in window.args["partition_by"]]
        keys += order_keys(window.args["order"])

        rows, tied = ties(connection, select.copy(), keys)

        assert rows > 0
        assert tied == 0


def test_every_row_number_is_looked_at() -> None:
    with_windows = {name for name in DOMAINS if parsed(name).find(exp.Window)}

    assert with_windows == {"history", "upstream_history", "rejects"}


@pytest.mark.parametrize("domain", ["history", "upstream_history"])
def test_row_number_has_something_to_decide(
    connection: duckdb.DuckDBPyConnection, domain: str
) -> None:
    query = parsed(domain)
    kept, _ = ties(connection, query.copy(), [exp.Literal.number(1)])
    query.set("where", None)
    ranked, _ = ties(connection, query, [exp.Literal.number(1)])

    assert kept < ranked
