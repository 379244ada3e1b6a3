"""What open cursors cost the local Oracle's server: `python -m tests.bench.localdb_memory`.

Resident memory of the server process beyond what it has after its first client has logged on and
run a small query, with cursors open on a table of 1.14M rows of eight columns, each of which has
given its first 5,000 rows. The bars: less than 200 MiB with ten cursors on plain scans; once sorted
results are spooled, at most 64 MiB for each cursor. What the sort itself needed is shown too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import oracledb

from tests.bench.localdb_table import QUERY, ROWS, connect, served_table
from tracekit.testbed import LocalOracle

MIB = 1 << 20
FETCH_ROWS = 5000
SORTED = f"{QUERY} ORDER BY CONTAINERNAME, TRACKIN"
SCANS, MOST_SCANS_BYTES = 10, 200 * MIB
SORTS, MOST_SORTED_BYTES = 4, 64 * MIB
SETTLE_SECONDS = 1.0


class ServerMemory:
    """Resident memory of the server, net of what it was at first."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._first_bytes = self._read("VmRSS")

    def now_bytes(self) -> int:
        """What it holds, after a moment for memory that is just being returned."""
        time.sleep(SETTLE_SECONDS)
        return self._read("VmRSS") - self._first_bytes

    def peak_bytes(self, action: Callable[[], object]) -> int:
        """The most it held during `action`."""
        (self._folder / "clear_refs").write_text("5")
        action()
        return self._read("VmHWM") - self._first_bytes

    def _read(self, field: str) -> int:
        status = (self._folder / "status").read_text()
        return int(status.split(field + ":")[1].split()[0]) * 1024


def main() -> int:
    if sys.platform != "linux":
        raise SystemExit("This reads /proc, which only Linux has.")
    with served_table(ROWS) as local:
        met = _report_scans(local)
    with served_table(ROWS) as local:
        met = _report_sorts(local) and met
    return 0 if met else 1


def _report_scans(local: LocalOracle) -> bool:
    with connect(local) as connection:
        memory = _settled(local, connection)
        cursors = [_open(connection, QUERY) for _ in range(SCANS)]
        held = memory.now_bytes()
        print(f"{SCANS} cursors on plain scans: {held / MIB:.0f} MiB")
        _close(cursors)
    return held < MOST_SCANS_BYTES


def _report_sorts(local: LocalOracle) -> bool:
    met = True
    with connect(local) as connection:
        memory = _settled(local, connection)
        cursors: list[oracledb.Cursor] = []
        for count in range(1, SORTS + 1):
            peak = memory.peak_bytes(lambda: cursors.append(_open(connection, SORTED)))
            held = memory.now_bytes()
            met = met and held <= count * MOST_SORTED_BYTES
            print(
                f"{count} cursors on sorted results: {peak / MIB:.0f} MiB while sorting, "
                f"{held / MIB:.0f} MiB spooled"
            )
        _close(cursors)
    return met


def _settled(local: LocalOracle, connection: oracledb.Connection) -> ServerMemory:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM DUAL").fetchall()
    assert local.server_pid is not None
    return ServerMemory(local.server_pid)


def _open(connection: oracledb.Connection, sql: str) -> oracledb.Cursor:
    cursor = connection.cursor()
    cursor.arraysize = cursor.prefetchrows = FETCH_ROWS
    cursor.execute(sql)
    cursor.fetchmany()
    return cursor


def _close(cursors: list[oracledb.Cursor]) -> None:
    for cursor in cursors:
        cursor.close()


if __name__ == "__main__":
    raise SystemExit(main())
