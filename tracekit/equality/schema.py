"""The columns and row labels that frames and Arrow tables declare."""

from __future__ import annotations

from dataclasses import dataclass, field

from xxhash import xxh3_128_hexdigest

from tracekit.equality.labels import label
from tracekit.equality.tables import Table


@dataclass
class Schema:
    """The columns that one side's tables declare; records declare none."""

    columns: dict[str, set[str]] = field(default_factory=dict)
    """The library's name of each column's type, by label."""
    row_labels: str = ""
    """Digest of the integer row labels that have no name; empty if there are none."""

    def take(self, table: Table) -> None:
        """Add a table's columns; `take_rows` adds its row labels."""
        for name, kind in zip(table.names, table.types, strict=True):
            self.columns.setdefault(label(name), set()).add(f"{table.library} {kind}")

    def take_rows(self, table: Table, start: int, stop: int) -> None:
        """Add the labels of some rows."""
        if table.labels is not None:
            for each in table.labels(start, stop):  # however the rows are divided into tables
                self.row_labels = xxh3_128_hexdigest(f"{self.row_labels} {each}".encode())
