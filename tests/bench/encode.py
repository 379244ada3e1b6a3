"""CPU seconds per stage of turning 1.14M rows of 8 mixed columns into their wire image.

Run it with `python -m tests.bench.encode`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from tracekit.localdb.duck.describe import describe_stored
from tracekit.localdb.duck.source import READ_ROWS
from tracekit.localdb.wire.rows import column_parts, encode_rows

ROWS = 1_137_624
QUERY = """
    SELECT printf('%08d00000000', i // 10) AS CONTAINERID,
           '工作站-' || (i % 37) AS WORKCENTERNAME,
           'EQ' || (i % 911) AS EQUIPMENTID,
           'Spec name ' || (i % 53) AS SPECNAME,
           CAST(TIMESTAMP '2026-01-01' + INTERVAL (i % 5000000) SECOND AS TIMESTAMP_S) AS TRACKIN,
           CASE WHEN i % 10 <> 3 THEN (i * 7919) % 10000 END AS QTY,
           CASE WHEN i % 17 <> 3 THEN 'WL' || i END AS WAFER,
           CAST((i * 31) % 100000 / 100 AS DECIMAL(18, 2)) AS USED
    FROM range(?) AS rows(i)
"""
BAR_SECONDS = 0.45


class Stages:
    """CPU seconds by stage, in the order they are first seen."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add what the block uses to `stage`."""
        start = time.process_time()
        yield
        used = time.process_time() - start
        self.seconds[stage] = self.seconds.get(stage, 0.0) + used


def _batches(stages: Stages) -> tuple[list[pa.RecordBatch], duckdb.DuckDBPyRelation]:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE events AS {QUERY}", [ROWS])
    relation = connection.sql("SELECT * FROM events")
    with stages.measure("scan to Arrow"):
        return list(relation.to_arrow_reader(READ_ROWS)), relation


def main() -> int:
    """Measure and print; 1 if encoding misses its bar."""
    stages = Stages()
    batches, relation = _batches(stages)
    columns = [
        describe_stored(name, kind, None)
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    for batch in batches:
        for array, column in zip(batch.columns, columns, strict=True):
            with stages.measure(f"{column.type.name} {column.name}"):
                column_parts(array, column)
    image_bytes = 0
    with stages.measure("encode, whole"):
        for batch in batches:
            for rows in encode_rows(batch, columns):
                image_bytes += len(rows.data)
    whole = stages.seconds["encode, whole"]
    by_column = sum(stages.seconds.values()) - whole - stages.seconds["scan to Arrow"]
    stages.seconds["  of it, joining"] = whole - by_column
    for stage, seconds in stages.seconds.items():
        print(f"{stage:<28}{seconds:7.3f} s")
    print(f"{ROWS:,} rows, {image_bytes:,} bytes; bar for encoding {BAR_SECONDS} s")
    return int(whole > BAR_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
