"""Seconds and peaks of proving synthetic results: `python -m tests.bench.proving --keys 114000`.

Digests each side in its own process, which makes the records while it digests them (making them is
not counted in the CPU time): `legacy` (as pandas returns them: Timestamps, NaT, floats beside
NULLs), `iterator` (as the driver returns them) and `pieces` (the iterator's records, with each CID
in two pieces and the CIDs in another order). Then compares the first side with each of the others.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracekit.equality import DigestWriter, compare_digests
from tracekit.records import to_json
from tracekit.sizes import format_size

COLUMNS = (
    *("CONTAINERID", "WORKCENTERNAME", "EQUIPMENTID", "EQUIPMENTNAME", "SPECNAME"),
    *("TRACKINTIMESTAMP", "TRACKOUTTIMESTAMP", "TRACKINQTY", "TRACKOUTQTY", "FINISHEDRUNCARD"),
    *("PJ_WORKORDER", "CONTAINERNAME", "PJ_TYPE", "PJ_BOP", "WAFER_LOT_ID"),
)
ROWS_PER_CID = 10
START = datetime.datetime(2026, 1, 1)


def records_of(cid: int, legacy: bool) -> list[dict[str, Any]]:
    """Ten records of one CID; deterministic."""
    draw = random.Random(cid)
    records = []
    for index in range(ROWS_PER_CID):
        tool, spec = draw.randrange(900), draw.randrange(200)
        seconds = cid * 37 + index * 3600
        entered = START + datetime.timedelta(seconds=seconds)
        left = None if tool % 10 == 0 else entered + datetime.timedelta(seconds=spec)
        count = None if left is None else draw.randrange(9000)
        row = (
            *(f"4881{cid:012d}", f"焊接_DB{tool % 50}", f"E{tool:06d}", f"设备 {tool}"),
            *(f"SPEC-{spec}", entered, left, tool * 7, count),
            *(f"RC{spec % 7}" if spec % 3 else None, f"WO{cid // 3:08d}", f"GA{cid:010d}"),
            *(f"PT-{spec % 9}" if spec % 2 else None, f"BOP{spec % 90}", f"W{cid // 5:07d}"),
        )
        records.append(dict(zip(COLUMNS, row, strict=True)))
    return _as_pandas(records) if legacy else records


def _as_pandas(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    import pandas as pd

    for record in records:
        record["TRACKINTIMESTAMP"] = pd.Timestamp(record["TRACKINTIMESTAMP"])
        record["TRACKOUTTIMESTAMP"] = pd.Timestamp(record["TRACKOUTTIMESTAMP"])
        if record["TRACKOUTQTY"] is not None:
            record["TRACKOUTQTY"] = float(record["TRACKOUTQTY"])
    return records


def pieces(side: str, keys: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The records of a side, CID by CID or piece by piece."""
    if side != "pieces":
        for cid in range(keys):
            yield f"4881{cid:012d}", records_of(cid, side == "legacy")
        return
    for half in (slice(0, 5), slice(5, 10)):
        for cid in range(keys - 1, -1, -1):
            yield f"4881{cid:012d}", records_of(cid, False)[half]


def digest(side: str, keys: int, path: Path) -> None:
    """Digest one side and print its cost as JSON."""
    if side == "legacy":
        import pandas  # noqa: F401 (importing it is not part of the proof)
    cpu_seconds = 0.0
    with DigestWriter(path) as writer:
        for cid, records in pieces(side, keys):
            started = time.process_time()
            writer.add(cid, records)
            cpu_seconds += time.process_time() - started
        started = time.process_time()
        summary = writer.close()
        cpu_seconds += time.process_time() - started
    json.dump({**vars(summary), "cpu_seconds": cpu_seconds}, sys.stdout)


def main() -> None:
    """Digest the sides in separate processes, compare them and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=114_000)
    parser.add_argument("--sides", default="legacy,iterator,pieces")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        digest(options.side, options.keys, options.path)
        return
    with tempfile.TemporaryDirectory() as folder:
        sides = options.sides.split(",")
        for side in sides:
            path = Path(folder, side)
            command = [sys.executable, __file__, "--keys", str(options.keys), "--side", side]
            out = subprocess.run([*command, "--path", str(path)], check=True, capture_output=True)
            cost = json.loads(out.stdout)
            print(
                f"{side:10} {cost['rows']:>10,} rows  digested in {cost['seconds']:6.2f} s "
                f"(cpu {cost['cpu_seconds']:.2f} s), net "
                f"peak {format_size(cost['net_peak_bytes'])}, file "
                f"{format_size(path.stat().st_size)}, {cost['digest']}"
            )
        for side in sides[1:]:
            started = time.perf_counter()
            proof = compare_digests(Path(folder, sides[0]), Path(folder, side))
            seconds = time.perf_counter() - started
            print(f"{sides[0]} and {side}: compared in {seconds:.2f} s")
            print(to_json(proof))


if __name__ == "__main__":
    main()
