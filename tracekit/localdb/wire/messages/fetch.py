"""The fetch request (`impl/thin/messages/fetch.pyx`)."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.localdb.wire.primitives import TtcReader


@dataclass(frozen=True)
class FetchRequest:
    """Function 5: fetch."""

    cursor_id: int
    rows: int


def parse_fetch(reader: TtcReader) -> FetchRequest:
    """Parse the body of function 5."""
    return FetchRequest(reader.ub4(), reader.ub4())
