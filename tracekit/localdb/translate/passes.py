"""The passes that rewrite a statement's tree, in their order."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.applies import rewrite_applies
from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.checks import check_supported
from tracekit.localdb.translate.conditions import refuse_lob_keys
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.fetch_clauses import rewrite_fetches
from tracekit.localdb.translate.hierarchy import rewrite_hierarchies
from tracekit.localdb.translate.key_lists import rewrite_key_lists
from tracekit.localdb.translate.late_macros import choose_late_macros
from tracekit.localdb.translate.names import (
    expand_order_aliases,
    fold_identifiers,
    keep_group_constants,
    name_output_columns,
)
from tracekit.localdb.translate.nested_aggregates import split_nested_aggregates
from tracekit.localdb.translate.number_guard import check_free_numbers
from tracekit.localdb.translate.outer_joins import rewrite_outer_joins
from tracekit.localdb.translate.pivots import rewrite_pivots
from tracekit.localdb.translate.quantified import write_out_lists
from tracekit.localdb.translate.rewrite import rewrite_expressions
from tracekit.localdb.translate.rownum import rewrite_rownum


def rewritten(tree: exp.Expr, prepared: Prepared, context: Context) -> exp.Expr:
    """Rewrite a tree of Oracle's dialect to one of DuckDB's, pass by pass.

    Raises:
        OraError: it uses something that cannot be translated.
    """
    _drop_hints_and_locks(tree)
    rewrite_key_lists(tree)
    expand_order_aliases(tree)
    keep_group_constants(tree)
    rewrite_fetches(tree, context.position)
    _mark_recursion(tree)
    rewrite_pivots(tree)
    name_output_columns(tree, prepared)
    write_out_lists(tree)
    split_nested_aggregates(tree)
    rewrite_applies(tree)
    rewrite_outer_joins(tree, context.position)
    rewrite_hierarchies(tree, context.position)
    rewrite_rownum(tree)
    tree = rewrite_expressions(tree, context)
    refuse_lob_keys(tree, context)
    choose_late_macros(tree)
    fold_identifiers(tree)
    check_supported(tree)
    if prepared.bind_forms or not prepared.bind_names:
        check_free_numbers(tree)
    return tree


def _mark_recursion(tree: exp.Expr) -> None:
    """Mark a WITH that refers to itself; DuckDB needs the word RECURSIVE."""
    for clause in tree.find_all(exp.With):
        for one in clause.expressions:
            if any(table.name.upper() == one.alias.upper() for table in one.find_all(exp.Table)):
                if not one.args["alias"].columns:
                    raise OraError(32039, "recursive WITH clause must have column alias list")
                clause.set("recursive", True)


def _drop_hints_and_locks(tree: exp.Expr) -> None:
    """Remove hints and FOR UPDATE; DuckDB has no row locks."""
    for select in tree.find_all(exp.Select):
        select.set("hint", None)
        select.set("locks", None)
        select.set("for_", None)
