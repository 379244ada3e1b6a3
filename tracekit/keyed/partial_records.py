"""What `KeyedFetcher.records(allow_partial=True)` returns when batches failed."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.errors import BatchFailure
from tracekit.keyed.query import Key
from tracekit.keyed.record import Record, RecordsByKey


class PartialRecords(dict[Key, list[Record]]):
    """The records of the batches that could be read, and the failures of the others.

    A plain `dict` result is complete; one of this type never is.

    Attributes:
        failures: The batches that failed, in the order of their keys.
        batch_count: Number of batches requested.
    """

    def __init__(
        self, found: RecordsByKey, failures: Sequence[BatchFailure], batch_count: int
    ) -> None:
        super().__init__(found)
        self.failures = tuple(failures)
        self.batch_count = batch_count
