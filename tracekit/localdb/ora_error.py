"""The error "ORA-nnnnn", which a statement returns instead of a result."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.errors import TracekitError
from tracekit.localdb.stored_names import shown_name


class OraError(TracekitError):
    """An Oracle error to send to the client; it never leaves the server process.

    Args:
        number: Oracle's error number, 942 for ORA-00942.
        text: The message without its `ORA-nnnnn: ` prefix; stored names are shown as Oracle's.
        position: The 0-based offset in the statement as the client sent it, if known; for an array
            DML, the index of the failed row.
        row_count: The number of rows changed before the error; these changes remain.
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
    """A row of binds that failed in an array DML."""

    row: int
    error: OraError
