"""What `fetch_events(allow_partial=True)` returns when batches failed."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.errors import BatchFailure
from tracekit.keyed.grouping import Events, Record


class PartialEvents(dict[str, list[Record]]):
    """Events of the batches that could be read, with those that could not.

    A result of type `dict` itself is complete; one of this type never is.

    Attributes:
        failures: The batches that failed, in the order of their ids.
        batch_count: How many batches were asked for.
    """

    def __init__(self, events: Events, failures: Sequence[BatchFailure], batch_count: int) -> None:
        super().__init__(events)
        self.failures = tuple(failures)
        self.batch_count = batch_count
