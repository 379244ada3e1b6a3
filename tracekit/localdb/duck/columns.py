"""The columns of a query's result as Oracle would describe them."""

from __future__ import annotations

import duckdb

from tracekit.localdb.duck.declared import LOB_TYPES, DeclaredColumns
from tracekit.localdb.duck.describe import describe_computed, describe_stored
from tracekit.localdb.stored_names import column_title
from tracekit.localdb.translate import Translated
from tracekit.localdb.translate.outputs import Output
from tracekit.localdb.wire.column import ColumnDescription

_UNKNOWN = Output()


def describe_columns(
    relation: duckdb.DuckDBPyRelation,
    translated: Translated,
    declared: DeclaredColumns,
    current_schema: str,
) -> list[ColumnDescription]:
    """One description per column, from DuckDB's types and declared ones.

    Args:
        relation: the query in DuckDB.
        translated: what the translation knows of it.
        declared: types of tables' columns that Oracle DDL stated.
        current_schema: where unqualified tables are.

    Raises:
        OraError: ORA-03001, a column is of a type that Oracle has not.
    """
    columns = []
    for name, kind in zip(relation.columns, relation.types, strict=True):
        output = translated.outputs.get(name, _UNKNOWN)
        if output is _UNKNOWN:
            stated = declared.find(name, translated.tables, current_schema)
        else:
            stated = declared.stated(output, current_schema)
        is_computed = name in translated.computed_columns
        if is_computed and (stated is None or stated.name not in (*LOB_TYPES, "ROWID")):
            is_binary = name in translated.binary_columns
            columns.append(describe_computed(column_title(name), kind, is_binary=is_binary))
        else:
            columns.append(describe_stored(column_title(name), kind, stated))
    return columns
