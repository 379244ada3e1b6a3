"""The whole pipeline at any size, to the end of its stream: peaks, and the checksum.

    python -m tests.bench.pipeline_at_size [KEYS]          (default 1,140,000)

One job of two queries is submitted, fetched by the workers, kept in the store and streamed to a
client that checks every line. Ends with an error unless the stream was whole.
"""

from __future__ import annotations

import sys
import time

from tracekit import LocalOracle
from tracekit.experiment.pipeline import Pipeline
from tracekit.experiment.service_candidate import measured_job

DOMAINS = ("history", "upstream_history")


def mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.1f} MiB"


def main() -> None:
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 1_140_000
    with LocalOracle("trace-114k", keys=keys) as oracle, Pipeline(oracle.database.arguments) as run:
        ids = oracle.keys()
        measured_job(run, ids[:1], DOMAINS[:1])  # warm: what is imported once is not the job's
        began = time.monotonic()
        progress = [0, 0, began]

        def tell(rows: int, done: int) -> None:
            progress[0] += rows
            progress[1] += done
            if time.monotonic() - progress[2] > 30:
                progress[2] = time.monotonic()
                print(f"{progress[1]:,.0f} keys, {progress[0]:,.0f} rows fetched", file=sys.stderr)

        done = measured_job(run, ids, DOMAINS, tell=tell)
    print(f"{len(ids):,} keys x {len(DOMAINS)}: {done.status['rows']:,} rows fetched")
    print(f"stream complete: {done.complete['total_records']:,} records, {done.complete['sha256']}")
    assert done.complete["total_records"] == done.status["rows"]
    for one in done.figures.processes:
        phase = f" ({one.phase})" if one.phase else ""
        print(
            f"{one.role}{phase}: {mib(one.rss_net_peak_bytes)} above {mib(one.rss_baseline_bytes)}"
        )
    print(f"CPU of all processes: {done.figures.cpu_seconds:,.0f} s")
    print(f"wall, stream included: {time.monotonic() - began:,.0f} s")


if __name__ == "__main__":
    main()
