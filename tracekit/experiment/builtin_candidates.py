"""The candidates that come with tracekit, by name.

Nothing here imports pandas or pyarrow: a candidate loads what it needs in its own process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tracekit.experiment.candidate import Candidate, Keys
from tracekit.keyed import KeyedFetcher, LegacyFetcher, Query, RecordsByKey
from tracekit.oracle import Database

if TYPE_CHECKING:
    from tracekit.keyed.keyed_table import KeyedTable

SERVICE = "service"
"""The candidate that runs in the pipeline's processes, which are measured side by side."""


class RecordsCandidate(Candidate[RecordsByKey]):
    """A fetch that returns the whole mapping."""

    def __init__(self, fetch: Callable[[Keys], RecordsByKey]) -> None:
        self._fetch = fetch

    def fetch(self, keys: Keys) -> RecordsByKey:
        """All records."""
        return self._fetch(keys)

    def pieces(self, kept: RecordsByKey, keys: Keys) -> Iterator[RecordsByKey]:
        """The mapping itself."""
        yield kept


class StreamCandidate(Candidate[None]):
    """`KeyedFetcher.stream`, drained: every piece is dropped before the next is requested."""

    keeps_records = False

    def __init__(self, fetcher: KeyedFetcher) -> None:
        self._fetcher = fetcher

    def fetch(self, keys: Keys) -> None:
        """Read every piece and keep none."""
        for piece in self.pieces(None, keys):
            del piece

    def pieces(self, kept: None, keys: Keys) -> Iterator[RecordsByKey]:
        """The pieces of another fetch."""
        with closing(self._fetcher.stream(keys)) as stream:
            yield from stream


class TableCandidate(Candidate["KeyedTable"]):
    """`KeyedFetcher.table`: Arrow columns."""

    def __init__(self, fetcher: KeyedFetcher) -> None:
        self._fetcher = fetcher

    def fetch(self, keys: Keys) -> KeyedTable:
        """The table."""
        return self._fetcher.table(keys)

    def pieces(self, kept: KeyedTable, keys: Keys) -> Iterator[RecordsByKey]:
        """The records of all keys, in the order in which they are held."""
        return kept.pieces()


class ParquetCandidate(Candidate[str]):
    """`KeyedFetcher.to_parquet` into a temporary folder; keeps the file's name."""

    keeps_records = False

    def __init__(self, fetcher: KeyedFetcher) -> None:
        self._fetcher = fetcher
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def fetch(self, keys: Keys) -> str:
        """Write the file, which replaces that of an earlier fetch."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="tracekit-parquet-")
        file = f"{self._folder.name}/records.parquet"
        self._fetcher.to_parquet(keys, file)
        return file

    def pieces(self, kept: str, keys: Keys) -> Iterator[RecordsByKey]:
        """The records of all keys, as `open_parquet` gives them."""
        from tracekit.keyed.keyed_file import open_parquet

        with open_parquet(kept) as found:
            yield from found.pieces()

    def close(self) -> None:
        """Remove the file."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _legacy(database: Database, query: Query, workers: int) -> Candidate[Any]:
    return RecordsCandidate(LegacyFetcher(database, query, max_workers=workers).records)


def _iterator(database: Database, query: Query, workers: int) -> Candidate[Any]:
    fetcher = KeyedFetcher(database, query, records="plain", max_workers=workers)
    return RecordsCandidate(fetcher.records)


def _lean(database: Database, query: Query, workers: int) -> Candidate[Any]:
    return RecordsCandidate(KeyedFetcher(database, query, max_workers=workers).records)


def _stream(database: Database, query: Query, workers: int) -> Candidate[Any]:
    return StreamCandidate(KeyedFetcher(database, query, max_workers=workers))


def _table(database: Database, query: Query, workers: int) -> Candidate[Any]:
    return TableCandidate(KeyedFetcher(database, query, max_workers=workers))


def _parquet(database: Database, query: Query, workers: int) -> Candidate[Any]:
    return ParquetCandidate(KeyedFetcher(database, query, max_workers=workers))


BUILTIN: dict[str, Callable[[Database, Query, int], Candidate[Any]]] = {
    "legacy": _legacy,
    "iterator": _iterator,
    "lean": _lean,
    "stream": _stream,
    "table": _table,
    "parquet": _parquet,
}
"""The candidates with a single process, in the order in which they run and are shown."""
BUILTIN_NAMES = (*BUILTIN, SERVICE)
DEFAULT_CANDIDATES = ("legacy", "iterator", "lean")
"""The candidates to replay by default; the first is the reference."""
