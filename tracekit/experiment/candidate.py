"""A candidate: a way to get a query's result and to read the result afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from tracekit.keyed import Key, RecordsByKey

if TYPE_CHECKING:
    from tracekit.equality.schema import Schema

Kept = TypeVar("Kept")
Keys = Sequence[Key] | None
"""The keys to fetch; None if the query takes no keys."""


class Candidate(ABC, Generic[Kept]):
    """One way to get the result of one query."""

    keeps_records: ClassVar[bool] = True
    """Whether what `fetch` returns, and so its memory, grows with the rows."""
    schema: Schema | None = None
    """Columns that a result without rows declares; known once `pieces` was read."""

    @abstractmethod
    def fetch(self, keys: Keys) -> Kept:
        """The work that is measured; it returns what the candidate keeps."""

    @abstractmethod
    def pieces(self, kept: Kept, keys: Keys) -> Iterator[RecordsByKey]:
        """The records as mappings, one after the other; a key may continue in a later one.

        Args:
            kept: What `fetch` returned for the same keys.
            keys: The keys, for a candidate that kept nothing and fetches again.

        Raises:
            NotComparable: what `fetch` returned cannot be read as records.
        """

    def warm_up(self, keys: Keys) -> None:
        """Load everything that is loaded once: by default, fetch one key."""
        if keys is not None:
            self.fetch(keys[:1])

    def facts(self, kept: Kept) -> dict[str, Any]:
        """Other facts about the fetch to report, as JSON values."""
        return {}

    def close(self) -> None:
        """Remove what `fetch` left outside of memory."""
