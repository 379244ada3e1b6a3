"""Client CPU of proving one side beside fetching it: `python -m tests.bench.proving_cpu`.

The history of some ids is fetched as lean records and those are digested, in turns within one
process. The local Oracle is a process of its own, whose CPU is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tracekit import KeyedFetcher
from tracekit.equality import DigestWriter
from tracekit.experiment.source import Request, Source, open_source

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {"fetch": [], "digest": []}
    request = Request("trace-114k", None, "history", arguments.keys, None)
    with open_source(request, lambda progress: None) as source, tempfile.TemporaryDirectory() as at:
        for _ in range(arguments.repeat):
            rows = take_turns(source, Path(at, "digests"), seconds)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    print(f"{rows:,} rows of {arguments.keys:,} keys, medians of {arguments.repeat}")
    for name, median in medians.items():
        print(f"{name:7} {median:7.3f} s  {median / rows * 1e6:6.2f} us a row")
    print(f"digest / fetch  {medians['digest'] / medians['fetch']:.2f}")


def take_turns(source: Source, file: Path, seconds: dict[str, list[float]]) -> int:
    """Fetch and digest once; the number of rows."""
    fetcher = KeyedFetcher(source.database, source.query)
    records = timed(seconds["fetch"], lambda: fetcher.records(source.keys))
    timed(seconds["digest"], lambda: digest(records, file))
    return sum(map(len, records.values()))


def timed(found: list[float], work: Callable[[], T]) -> T:
    """What `work` returns; its CPU seconds, those of its threads with them, are appended."""
    started = time.process_time()
    result = work()
    found.append(time.process_time() - started)
    return result


def digest(records: Mapping[Any, Sequence[Mapping[Any, Any]]], file: Path) -> None:
    """Prove one side."""
    with DigestWriter(file) as writer:
        writer.add_all(records)
        writer.close()


if __name__ == "__main__":
    main()
