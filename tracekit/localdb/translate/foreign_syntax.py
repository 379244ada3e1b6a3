"""Refuse syntax of other databases that the parser accepts and Oracle 19c does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.lexer import Token, TokenKind

_CONDITIONS = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.In,
    exp.Between, exp.Like, exp.Is, exp.Exists,
)  # fmt: skip
"""Keywords that are values in other databases, but not in Oracle."""
_OF_INSERT = ("INTO", "ALL", "FIRST")
_ENDED = (933, "SQL command not properly ended")
_NO_FROM = (923, "FROM keyword not found where expected")
_NO_EXPRESSION = (936, "missing expression")
_NO_OPERATOR = (920, "invalid relational operator")


def refuse_foreign_operators(tokens: Sequence[Token]) -> None:
    """Refuse `==`, strings as aliases, names that start with `_`, and statements without a keyword.

    Raises:
        OraError: the error that Oracle raises for it.
    """
    is_query = bool(tokens) and tokens[0].is_word("SELECT", "WITH")
    if tokens and tokens[0].is_word("UPDATE") and not any(one.is_word("SET") for one in tokens):
        raise OraError(971, "missing SET keyword", position=tokens[-1].end)
    for token, following in pairwise(tokens):
        position = following.start
        is_ordering = is_query and token.is_word("ORDER", "GROUP")
        is_word = following.kind is TokenKind.WORD
        if is_ordering and is_word and not following.is_word("BY", "SIBLINGS", "FROM"):
            raise OraError(924, "missing BY keyword", position=position)
        if token is tokens[0] and token.is_word("INSERT") and not following.is_word(*_OF_INSERT):
            raise OraError(925, "missing INTO keyword", position=position)
        if token.text == following.text == "=":
            raise OraError(*_NO_EXPRESSION, position=position)
        if token.is_word("AS") and following.kind is TokenKind.STRING:
            raise OraError(*_NO_FROM, position=position)
        if token.is_word("FROM") and following.is_word("WHERE", "GROUP", "ORDER", "HAVING"):
            raise OraError(903, "invalid table name", position=position)
        if following.kind is TokenKind.WORD and following.text.startswith("_"):
            raise OraError(911, "invalid character", position=position)


def refuse_foreign_syntax(tree: exp.Expr, prepared: Prepared) -> None:
    """Refuse LIMIT, TOP, QUALIFY, ILIKE and similar clauses.

    Raises:
        OraError: the error that Oracle raises for it.
    """
    for node in tree.walk():
        for part, stated in _foreign_parts(node):
            starts = [one.meta["start"] for one in part.walk() if "start" in one.meta]
            position = prepared.source_position(min(starts)) if starts else 0
            raise OraError(*stated, position=position)


def _foreign_parts(node: exp.Expr) -> Iterator[tuple[exp.Expr, tuple[int, str]]]:
    if isinstance(node, exp.Select):
        for item in node.expressions:
            if isinstance(item.unalias().unnest(), _CONDITIONS):
                yield item, _NO_FROM
        if len(node.expressions) > 1:
            for item in node.expressions:
                if isinstance(item, exp.Star):
                    yield item, _NO_FROM
        if node.args.get("from_") is None and node.expressions:
            yield node, _NO_FROM
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            yield distinct, _NO_EXPRESSION
    if isinstance(node, exp.Query):
        limit = node.args.get("limit")
        if isinstance(limit, exp.Limit):
            yield limit, _ENDED
        if node.args.get("qualify") is not None:
            yield node.args["qualify"], _ENDED
    if isinstance(node, exp.Group) and node.args.get("all") is not None:
        yield node, _NO_EXPRESSION
    if isinstance(node, exp.Star) and (node.args.get("except_") or node.args.get("replace")):
        yield node, _NO_FROM
    if isinstance(node, exp.Filter | exp.Concat):
        yield node, _NO_FROM
    if isinstance(node, exp.ILike | exp.SimilarTo | exp.RegexpLike | exp.NullSafeEQ):
        yield node, _NO_OPERATOR
