"""Records: one dict for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracekit.errors import ConfigError

Record = dict[str, Any]
RecordsByKey = dict[Any, list[Record]]
"""The records of each key, in the query's order."""


def check_distinct(columns: Sequence[str]) -> None:
    """Raise if two columns have the same name, because a record would lose one of them.

    Raises:
        ConfigError: two columns have the same name.
    """
    if len(set(columns)) < len(columns):
        repeated = next(name for name in columns if columns.count(name) > 1)
        raise ConfigError(
            f"the result has {columns.count(repeated)} columns called {repeated}, and a record "
            f"would keep only one. Rename them in the SQL: SELECT a.{repeated} AS ..."
        )


def plain_records(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Record]:
    """One `dict(zip(columns, row))` for each row, float NaN as None.

    Raises:
        ConfigError: two columns have the same name.
    """
    check_distinct(columns)
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    for position in nan_positions(rows):
        name = columns[position]
        for record in records:
            value = record[name]
            if value != value:  # NaN alone differs from itself
                record[name] = None
    return records


def nan_positions(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Positions of the columns in which at least one value is a float NaN."""
    return [
        position
        for position, column in enumerate(zip(*rows, strict=True))
        if float in set(map(type, column)) and any(value != value for value in column)
    ]
