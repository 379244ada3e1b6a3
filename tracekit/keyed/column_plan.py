"""The plan by which one fetch reads and holds its columns; it can change while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tracekit.errors import TracekitError
from tracekit.keyed.column_kinds import ColumnKind, held_field, kind_of, wide_enough
from tracekit.keyed.query import Query
from tracekit.oracle import Database
from tracekit.oracle.arrow import ArrowShape

if TYPE_CHECKING:
    import pyarrow as pa


class PlanChanged(TracekitError):
    """The rows do not fit the plan: drop them, and read again with `plan`."""

    def __init__(self, plan: ColumnPlan) -> None:
        self.plan = plan


@dataclass(frozen=True)
class ColumnPlan:
    """How to read the columns of one query, and the schema that holds them for all batches."""

    shape: ArrowShape
    """The types requested from the driver."""
    kinds: tuple[ColumnKind, ...]
    through_rows: bool
    """Read by fetchmany, because Arrow's numbers cannot represent what the rows hold."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of every batch."""
        import pyarrow as pa

        described = self.shape.schema
        return pa.schema(
            held_field(field.name, kind, field.type)
            for field, kind in zip(described, self.kinds, strict=True)
        )

    def fitting(self, columns: Sequence[Sequence[Any]]) -> ColumnPlan:
        """The plan that can also hold `columns`: equal to this one if nothing has to change."""
        return replace(self, kinds=tuple(map(wide_enough, self.kinds, columns)))

    def reading_rows(self) -> ColumnPlan:
        """The same, read by fetchmany."""
        return replace(self, through_rows=True)

    def with_long_numbers(self) -> ColumnPlan:
        """The same, with room for 38 digits in every decimal column."""
        import pyarrow as pa

        kinds = [
            ColumnKind.LONG_WHOLE if pa.types.is_decimal(field.type) else kind
            for field, kind in zip(self.shape.schema, self.kinds, strict=True)
        ]
        return replace(self, kinds=tuple(kinds))


def first_plan(database: Database, query: Query) -> ColumnPlan:
    """The plan from the query's description; NUMBERs without precision are taken as whole.

    Raises:
        ConnectError: the database could not be reached or refused the log-on.
        FetchError: the query cannot be described, or a column cannot be held in Arrow.
    """
    sql, _ = query.statement([("any",) * query.key_width])
    described = database.describe_arrow(sql)
    shape = described.with_whole_numbers()
    kinds = [
        ColumnKind.WHOLE if place in described.unbounded else kind_of(field.type)
        for place, field in enumerate(shape.schema)
    ]
    return ColumnPlan(shape, tuple(kinds), through_rows=not described.same_as_rows)
