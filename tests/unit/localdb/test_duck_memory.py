from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

MIB = 1 << 20
ROWS = 1_000_000
MOST_SORTED_BYTES = 64 * MIB

CHILD = """
import json, sys
from tracekit.localdb.duck import open_backend

def resident(field="VmRSS"):
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024

path, sql = sys.argv[1:]
backend = open_backend(path)
session = backend.open_session("DWH")
small = session.execute(session.prepare("SELECT * FROM EVENTS WHERE QTY = 1"), [()]).result
while small.next_batch() is not None:
    pass
small.close()
before = resident()
rows = image_bytes = 0
stream = session.execute(session.prepare(sql), [()]).result
largest_bytes = 0
while (piece := stream.next_batch()) is not None:
    rows += piece.row_count
    image_bytes += len(piece.data)
    largest_bytes = max(largest_bytes, resident())
stream.close()
idle = [session.execute(session.prepare(sql), [()]).result for _ in range(10)]
for stream in idle:
    stream.next_batch()
    stream.next_batch()
open_bytes = resident()
backend.close()
print(json.dumps({
    "rows": rows, "image_bytes": image_bytes, "grown_bytes": largest_bytes - before,
    "ten_open_bytes": open_bytes - before, "pandas": "pandas" in sys.modules,
}))
"""

SORTING_CHILD = """
import json, sys, time
from tracekit.localdb.duck import open_backend

def resident(field="VmRSS"):
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024

path, sql, most_held = sys.argv[1], sys.argv[2], int(sys.argv[3])
backend = open_backend(path)
session = backend.open_session("DWH")
before = resident()
streams = []
held = []
for count in (1, 2):
    stream = session.execute(session.prepare(sql), [()]).result
    stream.next_batch()
    streams.append(stream)
    deadline = time.monotonic() + 60
    while resident() - before > count * most_held and time.monotonic() < deadline:
        time.sleep(0.05)  # memory may go back a moment later
    held.append(resident() - before)
sorting = resident("VmHWM") - before
rows = 512
while (piece := streams[0].next_batch()) is not None:
    rows += piece.row_count
backend.close()
print(json.dumps({"rows": rows, "held": held, "sorting_bytes": sorting}))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duck") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA DWH")
        connection.execute(
            f"""
            CREATE TABLE DWH.EVENTS AS
            SELECT printf('%08d00000000', i // 10) AS CONTAINERID, i % 5000 AS QTY,
                   '工作站-' || (i % 37) AS WORKCENTERNAME, 'EQ' || i AS EQUIPMENTID,
                   CAST(TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS TIMESTAMP_S) AS TRACKIN
            FROM range({ROWS}) AS rows(i)
            """
        )
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_streamed_scan_holds_a_few_batches(file: Path) -> None:
    found = _measure(file, "SELECT * FROM EVENTS")
    assert found["rows"] == ROWS
    assert found["image_bytes"] > 48 * MIB
    assert found["grown_bytes"] < 32 * MIB
    assert found["ten_open_bytes"] < 130 * MIB
    assert not found["pandas"], "pandas costs the server 33 MB it has no use for"


@pytest.mark.slow  # memory goes back within ten seconds of being freed
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_sorted_result_gives_back_what_the_sort_took(file: Path) -> None:
    sql = "SELECT * FROM EVENTS ORDER BY EQUIPMENTID"
    found = _measure(file, sql, str(MOST_SORTED_BYTES), child=SORTING_CHILD)
    assert found["rows"] == ROWS
    for count, held_bytes in enumerate(found["held"], 1):
        assert held_bytes <= count * MOST_SORTED_BYTES
    assert MOST_SORTED_BYTES < found["sorting_bytes"] < 320 * MIB


def _measure(file: Path, *arguments: str, child: str = CHILD) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", child, str(file), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
