"""What frames and Arrow tables say of themselves beside their cells."""

from __future__ import annotations

import marshal
from dataclasses import dataclass, field
from hashlib import blake2b

from tracekit.equality.canonical import canonical
from tracekit.equality.labels import label
from tracekit.equality.tables import Table


@dataclass
class Schema:
    """The columns that one side's tables declare; of records nothing is known but their cells."""

    columns: dict[str, set[str]] = field(default_factory=dict)
    """By label: each library's name of the type."""
    row_labels: str = ""
    """Digest of the integer row labels that have no name; empty where there are none."""

    def take(self, table: Table) -> None:
        """Note a table's columns; `take_rows` notes its row labels."""
        for name, kind in zip(table.names, table.types, strict=True):
            self.columns.setdefault(label(name), set()).add(f"{table.library} {kind}")

    def take_rows(self, table: Table, start: int, stop: int) -> None:
        """Note the labels of some rows."""
        if table.labels is not None:
            form = canonical(table.labels(start, stop)).value
            data = self.row_labels.encode() + marshal.dumps(form, 2)
            self.row_labels = blake2b(data, digest_size=16).hexdigest()
