"""The named paths: ways to get the same events, each a subject that a fresh process measures.

Nothing here imports pandas or pyarrow: a path loads what it needs in its own process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed import EventFetcher, Events, LegacyEventFetcher
from tracekit.oracle import Database
from tracekit.profiling import Report, Subject
from tracekit.replay import path_kinds
from tracekit.replay.counted_database import CountedDatabase

PathMaker = Callable[[Database, int], path_kinds.Path[Any]]
"""From a database and a number of workers."""


def _legacy(database: Database, workers: int) -> path_kinds.Path[Any]:
    fetcher = LegacyEventFetcher(database, max_workers=workers)
    return path_kinds.EventsPath(fetcher.fetch_events)


def _iterator(database: Database, workers: int) -> path_kinds.Path[Any]:
    fetcher = EventFetcher(database, records="plain", max_workers=workers)
    return path_kinds.EventsPath(fetcher.fetch_events)


def _lean(database: Database, workers: int) -> path_kinds.Path[Any]:
    fetcher = EventFetcher(database, records="lean", max_workers=workers)
    return path_kinds.EventsPath(fetcher.fetch_events)


def _stream(database: Database, workers: int) -> path_kinds.Path[Any]:
    return path_kinds.StreamPath(EventFetcher(database, max_workers=workers))


def _table(database: Database, workers: int) -> path_kinds.Path[Any]:
    return path_kinds.TablePath(EventFetcher(database, max_workers=workers))


def _parquet(database: Database, workers: int) -> path_kinds.Path[Any]:
    return path_kinds.ParquetPath(EventFetcher(database, max_workers=workers))


PATHS: dict[str, PathMaker] = {
    "legacy": _legacy,
    "iterator": _iterator,
    "lean": _lean,
    "stream": _stream,
    "table": _table,
    "parquet": _parquet,
}
"""The paths of one process, in the order they are run and shown."""
SERVICE = "service"
"""The path through the trace service, whose processes are measured side by side."""
ALL_PATHS = (*PATHS, SERVICE)
"""What can be replayed and proven."""
DEFAULT_PATHS = ("legacy", "iterator", "lean")
"""What is replayed where nobody chose; the first is the reference."""


def make_path(
    path: str, database: Database, workers: int, memory_limit_bytes: int | None = None
) -> path_kinds.Path[Any]:
    """The path called `path`, reading from `database`.

    Args:
        path: one of `ALL_PATHS`.
        database: what is read.
        workers: batches of ids read at once.
        memory_limit_bytes: for each process of a path that has several; a path of one process is
            limited by whoever runs that.

    Raises:
        ConfigError: there is no such path.
    """
    if path == SERVICE:
        from tracekit.replay.service_path import ServicePath

        return ServicePath(database, workers, memory_limit_bytes)
    if path not in PATHS:
        raise ConfigError(f"{path!r} is no path; there are {', '.join(ALL_PATHS)}.")
    return PATHS[path](database, workers)


def fetch_by_path(
    path: str, database: Database, workers: int, container_ids: Sequence[str], domain: str
) -> Events:
    """The events of a few CIDs as `path` gives them, whole.

    Raises:
        ConfigError: there is no such path.
        BatchFetchError: batches of ids failed.
    """
    found = make_path(path, database, workers)
    events: Events = {}
    try:
        for piece in found.pieces(found.fetch(container_ids, domain), container_ids, domain):
            for cid, records in piece.items():
                events.setdefault(cid, []).extend(records)
    finally:
        found.close()
    return events


class PathSubject(Subject[Any]):
    """One path at work on one domain of many CIDs.

    Args:
        path: one of `ALL_PATHS`.
        database: Database's arguments without secrets.
        container_ids: what to ask for.
        domain: the kind of event.
        workers: batches of ids read at once.
        digests: file for the digests of what came back; None writes none.
        memory_limit_bytes: as `make_path`'s.
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
        memory_limit_bytes: int | None = None,
        **secrets: str,
    ) -> None:
        self._database = CountedDatabase(**database, **secrets)
        self._path = make_path(path, self._database, workers, memory_limit_bytes)
        self._container_ids = container_ids
        self._domain = domain
        self._digests = digests
        self._retries_before = 0

    def prepare(self) -> None:
        """Fetch one CID, so that all that is used once is loaded and allocated for good."""
        self._path.fetch(self._container_ids[:1], self._domain)

    def run(self, report: Report) -> Any:
        """Fetch everything."""
        self._database.start_counting(report)
        self._retries_before = self._database.retry.count
        return self._path.fetch(self._container_ids, self._domain)

    def finish(self, outcome: Any) -> dict[str, Any]:
        """Rows, CIDs and digest of the events, what the path tells, and Arrow's memory pool."""
        self._database.stop_counting()
        facts: dict[str, Any] = {
            "arrow_memory_pool": _arrow_memory_pool(),
            "retries": self._database.retry.count - self._retries_before,
        }
        facts |= self._path.facts(outcome)
        if self._digests is None:
            return facts
        from tracekit.equality import DigestWriter

        with DigestWriter(Path(self._digests)) as writer:
            for piece in self._path.pieces(outcome, self._container_ids, self._domain):
                writer.add_all(piece)
            summary = writer.close()
        return facts | {"rows": summary.rows, "cids": summary.keys, "digest": summary.digest}

    def close(self) -> None:
        """Remove what the path left on disk."""
        self._path.close()


def _arrow_memory_pool() -> str | None:
    arrow = sys.modules.get("pyarrow")
    return None if arrow is None else str(arrow.default_memory_pool().backend_name)
