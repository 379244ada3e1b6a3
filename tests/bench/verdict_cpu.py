"""Client CPU of what a verdict is made of: `python -m tests.bench.verdict_cpu --keys 20000`.

The history of so many ids is drained (bare `fetch_df_batches`, nothing kept), fetched as lean
records, and those are digested, in turns within one process. The local Oracle is a process of its
own, whose CPU is not counted. The ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from tracekit import Database, KeyedFetcher, Query
from tracekit.equality import DigestWriter
from tracekit.experiment.source import Request, Source, open_source
from tracekit.keyed.keys import batches_of

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {"drain": [], "lean": [], "digest": []}
    request = Request("trace-114k", None, "history", arguments.keys, None)
    with open_source(request, lambda progress: None) as source, tempfile.TemporaryDirectory() as at:
        assert source.keys is not None
        drain(source.database, source.query, source.keys[:1000])
        for _ in range(arguments.repeat):
            rows = take_turns(source, Path(at, "digests"), seconds)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    print(f"{rows:,} rows of {arguments.keys:,} keys, medians of {arguments.repeat}")
    for name, median in medians.items():
        print(f"{name:8} {median:7.3f} s  {median / rows * 1e6:6.2f} us a row")
    print(f"lean / drain   {medians['lean'] / medians['drain']:.2f}")
    print(f"digest / lean  {medians['digest'] / medians['lean']:.2f}")


def take_turns(source: Source, file: Path, seconds: dict[str, list[float]]) -> int:
    """Drain, fetch and digest once; the number of rows."""
    database, query, keys = source.database, source.query, source.keys or []
    timed(seconds["drain"], lambda: drain(database, query, keys))
    records = timed(seconds["lean"], lambda: KeyedFetcher(database, query).records(keys))
    timed(seconds["digest"], lambda: digest(records, file))
    return sum(map(len, records.values()))


def timed(found: list[float], work: Callable[[], T]) -> T:
    """What `work` returns; its CPU seconds, those of its threads with them, are appended."""
    started = time.process_time()
    result = work()
    found.append(time.process_time() - started)
    return result


def drain(database: Database, query: Query, keys: Sequence[Any]) -> None:
    """Read every Arrow batch and keep none."""
    with database.connect() as connection:
        for batch in batches_of(keys, query):
            sql, binds = query.statement(batch)
            for frame in connection.fetch_df_batches(
                sql, dict(binds), size=database.fetchmany_size
            ):
                assert pa.table(frame).num_rows


def digest(records: dict[Any, list[dict[str, Any]]], file: Path) -> None:
    """Prove one side."""
    with DigestWriter(file) as writer:
        writer.add_all(records)
        writer.close()


if __name__ == "__main__":
    main()
