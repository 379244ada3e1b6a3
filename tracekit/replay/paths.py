"""The named paths: ways to get the same events, each a subject that a fresh process measures.

Nothing here imports pandas or pyarrow: a path loads what it needs in its own process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.events import EventFetcher, Events, LegacyEventFetcher
from tracekit.fetch import Database
from tracekit.profiling import Report, Subject
from tracekit.replay.counted_database import CountedDatabase

Fetch = Callable[[Sequence[str], str], Events]
"""`fetch(container_ids, domain)`: the events, however the path gets them."""
FetchMaker = Callable[[Database, int], Fetch]
"""From a database and a number of workers."""


def _legacy(database: Database, workers: int) -> Fetch:
    return LegacyEventFetcher(database, max_workers=workers).fetch_events


def _iterator(database: Database, workers: int) -> Fetch:
    return EventFetcher(database, records="plain", max_workers=workers).fetch_events


PATHS: dict[str, FetchMaker] = {"legacy": _legacy, "iterator": _iterator}
"""The paths there are, in the order they are run and shown."""


def path_fetch(path: str, database: Database, workers: int) -> Fetch:
    """How `path` fetches events from `database`.

    Raises:
        ConfigError: there is no such path.
    """
    if path not in PATHS:
        raise ConfigError(f"{path!r} is no path; there are {', '.join(PATHS)}.")
    return PATHS[path](database, workers)


class PathSubject(Subject[Events]):
    """One path at work on one domain of many CIDs.

    Args:
        path: one of `PATHS`.
        database: Database's arguments without secrets.
        container_ids: what to ask for.
        domain: the kind of event.
        workers: batches of ids read at once.
        digests: file for the digests of what came back; None writes none.
        secrets: Database's other arguments.
    """

    def __init__(
        self,
        *,
        path: str,
        database: Mapping[str, Any],
        container_ids: Sequence[str],
        domain: str,
        workers: int,
        digests: str | None,
        **secrets: str,
    ) -> None:
        self._database = CountedDatabase(**database, **secrets)
        self._fetch = path_fetch(path, self._database, workers)
        self._container_ids = container_ids
        self._domain = domain
        self._digests = digests

    def prepare(self) -> None:
        """Fetch one CID, so that all that is used once is loaded and allocated for good."""
        self._fetch(self._container_ids[:1], self._domain)

    def run(self, report: Report) -> Events:
        """Fetch everything."""
        self._database.start_counting(report)
        return self._fetch(self._container_ids, self._domain)

    def finish(self, outcome: Events) -> dict[str, Any]:
        """Rows, CIDs and digest of the events, and Arrow's memory pool where Arrow is loaded."""
        facts: dict[str, Any] = {"arrow_memory_pool": _arrow_memory_pool()}
        if self._digests is None:
            return facts
        from tracekit.equality import DigestWriter

        with DigestWriter(Path(self._digests)) as writer:
            for cid, records in outcome.items():
                writer.add(cid, records)
            summary = writer.close()
        return facts | {"rows": summary.rows, "cids": summary.cids, "digest": summary.digest}


def _arrow_memory_pool() -> str | None:
    arrow = sys.modules.get("pyarrow")
    return None if arrow is None else str(arrow.default_memory_pool().backend_name)
