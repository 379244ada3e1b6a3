"""The table that the local Oracle's benchmarks read, and what a reader of it used."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import oracledb
import psutil

from tracekit.testbed import LocalOracle

ROWS = 1_137_624
QUERY = "SELECT * FROM T"
TABLE = """
CREATE TABLE DWH.T AS SELECT
    printf('%016d', i // 10) AS CONTAINERID,
    'WC-' || (i % 37) AS WORKCENTERNAME,
    printf('EQ%06d', i % 911) AS EQUIPMENTID,
    '製程規格-' || (i % 211) AS SPECNAME,
    CASE WHEN i % 11 > 0 THEN (TIMESTAMP '2026-01-01' + to_seconds(i))::TIMESTAMP_S END AS TRACKIN,
    (i * 7919 % 25000)::BIGINT AS QTY,
    CASE WHEN i % 5 > 0 THEN (i * 31 % 1000000 / 1000)::DECIMAL(12, 3) END AS CONSUMED,
    'LOT-' || i AS CONTAINERNAME
FROM range(?) AS t(i)
"""


@contextmanager
def served_table(rows: int) -> Iterator[LocalOracle]:
    """A local Oracle that holds the table with `rows` rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.duckdb"
        with duckdb.connect(str(path)) as database:
            database.execute("CREATE SCHEMA DWH")
            database.execute(TABLE, [rows])
        with LocalOracle(path) as local:
            yield local


def connect(local: LocalOracle) -> oracledb.Connection:
    """A new connection to `local`."""
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def read_rows(connection: oracledb.Connection, size: int) -> int:
    """Read the table by fetchmany(`size`), keeping nothing."""
    rows = 0
    with connection.cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = size
        cursor.execute(QUERY)
        while batch := cursor.fetchmany(size):
            rows += len(batch)
    return rows


@dataclass(frozen=True)
class Run:
    """One pass over the table."""

    rows: int
    wall_seconds: float
    client_seconds: float
    server_seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.wall_seconds


def measure(read: Callable[[], int], server: psutil.Process) -> Run:
    """One call of `read`, with the CPU both processes used."""
    client = psutil.Process()
    client_before, server_before = cpu_seconds(client), cpu_seconds(server)
    started = time.perf_counter()
    rows = read()
    wall = time.perf_counter() - started
    return Run(rows, wall, cpu_seconds(client) - client_before, cpu_seconds(server) - server_before)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of `process` so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
