"""The answer "ORA-nnnnn": what a statement gets instead of a result."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.errors import TracekitError
from tracekit.localdb.stored_names import shown_name


class OraError(TracekitError):
    """One Oracle error on its way to the client; never leaves the server process.

    Args:
        number: Oracle's error number, 942 for ORA-00942.
        text: The message without its `ORA-nnnnn: ` prefix; held names are shown as Oracle's.
        position: 0-based offset in the statement as the client sent it, where one is known; of
            a row that failed among many, its index.
        row_count: Rows that were changed before, and stay so.
    """

    def __init__(self, number: int, text: str, *, position: int = 0, row_count: int = 0) -> None:
        text = shown_name(text)
        super().__init__(f"ORA-{number:05d}: {text}")
        self.number = number
        self.text = text
        self.position = position
        self.row_count = row_count


@dataclass(frozen=True)
class RowFailure:
    """One bind row of many that failed."""

    row: int
    """Its index."""
    error: OraError
