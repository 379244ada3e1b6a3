"""Describe the columns of a query's result as Oracle would."""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat

import duckdb

from tracekit.localdb.duck.describe import describe_computed, describe_stored
from tracekit.localdb.stored_names import column_title
from tracekit.localdb.translate import ColumnType, DeclaredType, Translated
from tracekit.localdb.translate.column_types import ValueType
from tracekit.localdb.translate.kinds import Kind
from tracekit.localdb.translate.number_types import DOUBLE, FLOAT
from tracekit.localdb.wire.column import ColumnDescription

_OWN_TYPES = {
    Kind.ROWID: DeclaredType("ROWID"),
    Kind.LOCAL: DeclaredType("TIMESTAMP WITH LOCAL TIME ZONE"),
}
"""Types of expressions that DuckDB's types do not distinguish."""


def describe_columns(
    relation: duckdb.DuckDBPyRelation, translated: Translated
) -> list[ColumnDescription]:
    """One description per column, from DuckDB's types and the translation.

    Args:
        relation: The query in DuckDB.
        translated: The query's translation.

    Raises:
        OraError: ORA-03001 if Oracle does not have the type of a column.
    """
    known = translated.outputs
    if len(known) != len(relation.columns):
        known = tuple(repeat(ValueType(Kind.UNKNOWN), len(relation.columns)))
    columns = []
    for name, kind, output in zip(relation.columns, relation.types, known, strict=True):
        title = column_title(name)
        if isinstance(output, ColumnType):
            stated, nullable = output.declared, output.nullable
        else:
            stated, nullable = _OWN_TYPES.get(output.kind), True
        if stated is None and name in translated.computed_columns:
            is_binary = output.number in (DOUBLE, FLOAT)
            columns.append(describe_computed(title, kind, is_binary=is_binary))
        else:
            described = describe_stored(title, kind, stated)
            columns.append(described if nullable else replace(described, nullable=False))
    return columns
