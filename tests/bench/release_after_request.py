"""What brings a web process's memory back after a large answer: nothing, gc.collect, malloc_trim.

    python -m tests.bench.release_after_request [CIDS]

Fetches two domains as a request would, lets go of the answer, and reads the resident memory.

Measured at 20,000 CIDs (CPython 3.11, two cores), an answer of 134 MiB: warm 175 MiB, held 445,
released 308 to 314, after gc.collect 284 to 303 (72 to 129 objects found, 160 to 270 ms without
other threads), after malloc_trim 7 MiB less. What stays is used again by the next request and does
not grow, so the service calls neither.
"""

from __future__ import annotations

import gc
import sys
import time

from tracekit import EventFetcher, LocalOracle
from tracekit.process_memory import resident_bytes, return_free_memory
from tracekit.service.events_request import EventsRequest
from tracekit.service.synchronous import events_document

MIB = 2**20
ROUNDS = 3
DOMAINS = ("history", "upstream_history")


def resident() -> str:
    return f"{resident_bytes() / MIB:6.0f} MiB"


def main() -> None:
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with LocalOracle("trace-114k", keys=keys) as oracle:
        wanted = EventsRequest("query_tool", oracle.keys(), DOMAINS)
        fetcher = EventFetcher(oracle.database)
        events_document(
            fetcher, EventsRequest("query_tool", oracle.keys(keys), DOMAINS), max_workers=2
        )
        print(f"{keys:,} CIDs, warm: {resident()}")
        for number in range(ROUNDS):
            document = events_document(fetcher, wanted, max_workers=2)
            held, size = resident(), sum(map(len, document)) / MIB
            del document
            released = resident()
            began = time.perf_counter()
            found = gc.collect()
            took = (time.perf_counter() - began) * 1000
            collected = resident()
            began = time.perf_counter()
            return_free_memory()
            trimmed_in = (time.perf_counter() - began) * 1000
            print(
                f"answer {number + 1} of {size:.0f} MiB: held {held}, released {released}, "
                f"gc.collect {collected} ({found} objects, {took:.0f} ms), "
                f"malloc_trim {resident()} ({trimmed_in:.0f} ms)"
            )


if __name__ == "__main__":
    main()
