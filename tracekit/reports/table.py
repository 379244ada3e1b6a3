"""A table before it is drawn, the same for every format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    title: str
    numeric: bool = False
    literal: bool = False
    """Whether its cells are names or data, which formats show as code."""


@dataclass(frozen=True)
class Table:
    """Cells as text, row by row; each row has one cell per column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, columns: Iterable[Column], rows: Iterable[Iterable[str]]) -> Table:
        """The table of `columns` and `rows`."""
        return cls(tuple(columns), tuple(tuple(row) for row in rows))

    def transposed(self) -> Table:
        """The transposed table, for narrow screens: the first column becomes the titles."""
        head, *rest = zip(*((c.title for c in self.columns), *self.rows), strict=True)
        columns = (Column(head[0]), *(Column(title, numeric=True) for title in head[1:]))
        return Table(columns, tuple(rest))

    def pieces(self, rows_each: int) -> list[Table]:
        """The table divided into tables of at most `rows_each` rows."""
        starts = range(0, len(self.rows), rows_each)
        return [Table(self.columns, self.rows[start : start + rows_each]) for start in starts]

    def without(self, title: str) -> Table:
        """The table without the column called `title`."""
        kept = [i for i, column in enumerate(self.columns) if column.title != title]
        return Table.of(
            (self.columns[i] for i in kept), ((row[i] for i in kept) for row in self.rows)
        )
