"""What a path is: a fetch to be measured, and a way to look at what it returned afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import ClassVar, Generic, TypeVar

from tracekit.events import EventFetcher, Events

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
