"""Which column a reference means, seen by the kind of value the translation takes it for."""

import pytest
from sqlglot import exp

from tracekit.localdb.translate import ColumnType
from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.dialect import ReadOracle
from tracekit.localdb.translate.kinds import Kind, kind_of
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.scopes import Scopes

TABLES = {
    (None, "T"): {"D": ColumnType("TIMESTAMP_S"), "S": ColumnType("VARCHAR")},
    ("O", "U"): {"D": ColumnType("INTEGER"), "N": ColumnType("DECIMAL(5,2)")},
}


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT d AS x FROM t", Kind.DATE),
        ("SELECT a.d AS x FROM t a", Kind.DATE),
        ("SELECT d AS x FROM t, o.u", Kind.UNKNOWN),
        ("SELECT u.d AS x FROM t, o.u", Kind.NUMBER),
        ("SELECT n AS x FROM t JOIN o.u ON t.s = u.d", Kind.NUMBER),
        ("SELECT y AS x FROM (SELECT s AS y FROM t)", Kind.TEXT),
        ("SELECT q.d AS x FROM (SELECT t.*, 1 AS one FROM t) q", Kind.DATE),
        ("WITH w AS (SELECT MAX(d) AS m FROM t) SELECT m AS x FROM w", Kind.DATE),
        ("WITH w(k) AS (SELECT s FROM t) SELECT w.k AS x FROM w", Kind.TEXT),
        ("SELECT y AS x FROM (SELECT d AS y FROM t UNION ALL SELECT d FROM t)", Kind.DATE),
        ("SELECT y AS x FROM (SELECT d AS y FROM t UNION ALL SELECT NULL AS y FROM t)", Kind.DATE),
        ("SELECT 1 AS x FROM t WHERE EXISTS (SELECT t.d AS x FROM o.u)", Kind.DATE),
        ("SELECT nothing AS x FROM t", Kind.UNKNOWN),
    ],
)
def test_a_columns_kind_is_followed_to_its_table(sql: str, kind: Kind) -> None:
    tree = ReadOracle().parse(sql)[0]
    assert tree is not None
    context = Context(Prepared(), "DWH", "DWH", Scopes(lambda *name: TABLES.get(name, {})))
    tree = rewrite_expressions(tree, context)
    selects = list(tree.find_all(exp.Select))
    named = [s.expressions[0] for s in selects if s.expressions[0].alias == "x"]
    assert kind_of(named[-1]) is kind
