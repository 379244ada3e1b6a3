"""What a path is: a fetch to be measured, and a way to look at what it returned afterwards."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from tracekit.keyed import EventFetcher, Events

if TYPE_CHECKING:
    from tracekit.keyed.columnar_events import ColumnarEvents
    from tracekit.keyed.event_table import EventTable

Kept = TypeVar("Kept")


class Path(ABC, Generic[Kept]):
    """One way to get the events of many CIDs of one domain."""

    keeps_events: ClassVar[bool] = True
    """Whether what `fetch` returns, and so its memory, grows with the rows."""

    @abstractmethod
    def fetch(self, container_ids: Sequence[str], domain: str) -> Kept:
        """The work that is measured; what it returns is what the path keeps."""

    @abstractmethod
    def pieces(self, kept: Kept, container_ids: Sequence[str], domain: str) -> Iterator[Events]:
        """The events as mappings, one after the other; a CID may go on in a later one.

        Args:
            kept: what `fetch` returned for the same CIDs and domain.
            container_ids: the CIDs, for a path that kept nothing and fetches again.
            domain: the kind of event.
        """

    def facts(self, kept: Kept) -> dict[str, Any]:
        """What else is to be told of the fetch, as JSON values."""
        return {}

    def close(self) -> None:
        """Remove what `fetch` left outside of memory."""


class EventsPath(Path[Events]):
    """A path that returns the whole mapping."""

    def __init__(self, fetch_events: Callable[[Sequence[str], str], Events]) -> None:
        self._fetch_events = fetch_events

    def fetch(self, container_ids: Sequence[str], domain: str) -> Events:
        """All events."""
        return self._fetch_events(container_ids, domain)

    def pieces(self, kept: Events, container_ids: Sequence[str], domain: str) -> Iterator[Events]:
        """The mapping itself."""
        yield kept


class StreamPath(Path[None]):
    """`fetch_events_iter`, drained: every piece is let go of before the next is asked for."""

    keeps_events = False

    def __init__(self, fetcher: EventFetcher) -> None:
        self._fetcher = fetcher

    def fetch(self, container_ids: Sequence[str], domain: str) -> None:
        """Take every piece and keep none."""
        for piece in self.pieces(None, container_ids, domain):
            del piece

    def pieces(self, kept: None, container_ids: Sequence[str], domain: str) -> Iterator[Events]:
        """The pieces of another fetch."""
        with closing(self._fetcher.fetch_events_iter(container_ids, domain)) as stream:
            yield from stream


class TablePath(Path["EventTable"]):
    """`fetch_event_table`: the events as Arrow columns."""

    def __init__(self, fetcher: EventFetcher) -> None:
        self._fetcher = fetcher

    def fetch(self, container_ids: Sequence[str], domain: str) -> EventTable:
        """The table."""
        return self._fetcher.fetch_event_table(container_ids, domain)

    def pieces(
        self, kept: EventTable, container_ids: Sequence[str], domain: str
    ) -> Iterator[Events]:
        """The records of each CID, as looking it up gives them."""
        return _looked_up(kept)


class ParquetPath(Path[str]):
    """`to_parquet` into a temporary folder that `close` removes; keeps the file's name."""

    keeps_events = False

    def __init__(self, fetcher: EventFetcher) -> None:
        self._fetcher = fetcher
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def fetch(self, container_ids: Sequence[str], domain: str) -> str:
        """The file, which replaces that of the fetch before."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="tracekit-parquet-")
        file = f"{self._folder.name}/events.parquet"
        self._fetcher.to_parquet(container_ids, domain, file)
        return file

    def pieces(self, kept: str, container_ids: Sequence[str], domain: str) -> Iterator[Events]:
        """The records of each CID, as `open_events` gives them."""
        from tracekit.keyed.open_events import open_events

        with open_events(kept) as events:
            yield from _looked_up(events)

    def close(self) -> None:
        """Remove the file."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _looked_up(events: ColumnarEvents) -> Iterator[Events]:
    for cid, records in events.items():
        yield {cid: records.to_records()}
