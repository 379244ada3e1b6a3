"""The last check of a translation: allow only syntax with the same meaning in DuckDB."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from tracekit.localdb.translate.build import unsupported

_MODIFIERS = "joins where group having order limit offset with_ qualify"
_ALLOWED: dict[type[Any], str] = {
    exp.Select: f"{_MODIFIERS} expressions distinct from_",
    exp.Subquery: f"{_MODIFIERS} this alias",
    exp.Union: f"{_MODIFIERS} this expression distinct",
    exp.Except: f"{_MODIFIERS} this expression distinct",
    exp.Intersect: f"{_MODIFIERS} this expression distinct",
    exp.With: "expressions recursive",
    exp.CTE: "this alias",
    exp.TableAlias: "this columns",
    exp.Table: "this db alias joins",
    exp.From: "this",
    exp.Join: "this on using side kind method",
    exp.Lateral: "this alias",
    exp.Where: "this",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Group: "expressions rollup cube grouping_sets all",
    exp.Rollup: "expressions",
    exp.Cube: "expressions",
    exp.GroupingSets: "expressions",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Fetch: "count direction limit_options",
    exp.LimitOptions: "rows",
    exp.Offset: "expression",
    exp.Distinct: "expressions",
    exp.Alias: "this alias",
    exp.Identifier: "this quoted",
    exp.Column: "this table db",
    exp.Star: "except_",
    exp.Literal: "this is_string",
    exp.Null: "",
    exp.Boolean: "this",
    exp.Placeholder: "this",
    exp.Paren: "this",
    exp.Tuple: "expressions",
    exp.Array: "expressions",
    exp.Case: "this ifs default",
    exp.If: "this true",
    exp.Cast: "this to",
    exp.DataType: "this expressions",
    exp.DataTypeParam: "this",
    exp.Anonymous: "this expressions",
    exp.Extract: "this expression",
    exp.Var: "this",
    exp.Interval: "this unit",
    exp.AtTimeZone: "this zone",
    exp.In: "this expressions query",
    exp.Exists: "this",
    exp.Any: "this",
    exp.All: "this",
    exp.Between: "this low high",
    exp.Like: "this expression negate",
    exp.ILike: "this expression negate",
    exp.Escape: "this expression",
    exp.Is: "this expression",
    exp.Not: "this",
    exp.Neg: "this",
    exp.Window: "this partition_by order spec over alias",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.IgnoreNulls: "this",
    exp.Filter: "this expression",
    exp.Insert: "this expression with_ returning",
    exp.Returning: "expressions",
    exp.Schema: "this expressions",
    exp.Values: "expressions",
    exp.Update: "this expressions where returning",
    exp.Delete: "this where returning",
    exp.Merge: "this using on whens",
    exp.Whens: "expressions",
    exp.When: "matched condition then",
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ),
        "this expression",
    ),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.DPipe), "this expression"),
}
_ALLOWED_ARGS = {node: frozenset(names.split()) for node, names in _ALLOWED.items()}
_NAMES: dict[type[Any], str] = {
    exp.JSONTable: "JSON_TABLE",
    exp.Pivot: "PIVOT or UNPIVOT",
    exp.TableSample: "SAMPLE",
    exp.Version: "AS OF (flashback query)",
    exp.MatchRecognize: "MATCH_RECOGNIZE",
    exp.Connect: "CONNECT BY",
    exp.Prior: "PRIOR",
    exp.Into: "SELECT INTO",
    exp.Partition: "PARTITION",
}


def check_supported(tree: exp.Expr) -> None:
    """Refuse syntax unless it is known to mean the same in DuckDB.

    Raises:
        OraError: ORA-03001 naming the construct.
    """
    for node in tree.walk():
        allowed = _ALLOWED_ARGS.get(type(node))
        if allowed is None:
            raise unsupported(_NAMES.get(type(node), type(node).__name__.upper()))
        for name, value in node.args.items():
            if value and name not in allowed:
                raise unsupported(f"{type(node).__name__.upper()} with {name.strip('_').upper()}")
