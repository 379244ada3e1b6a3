"""Known amounts of memory, taken in the ways that users' code takes it; each is returned."""

from __future__ import annotations

import mmap
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

MIB = 2**20
SIZE = 48 * MIB
HAS_POLARS = find_spec("polars") is not None  # an extra that an environment need not have


def python_objects() -> Any:
    return [bytes(400) for _ in range(SIZE // 457)]  # a block of 448 bytes and a pointer


def numpy_array() -> Any:
    import numpy as np

    return np.ones(SIZE, dtype=np.uint8)


def pandas_text() -> Any:
    import pandas as pd

    return pd.DataFrame({"text": [f"{n:0100d}" for n in range(SIZE // 220)]})


def arrow_default() -> Any:
    import pyarrow as pa

    return _touched(pa.allocate_buffer(SIZE))


def arrow_system() -> Any:
    import pyarrow as pa

    return _touched(pa.allocate_buffer(SIZE, memory_pool=pa.system_memory_pool()))


def arrow_mimalloc() -> Any:
    import pyarrow as pa

    return _touched(pa.allocate_buffer(SIZE, memory_pool=pa.mimalloc_memory_pool()))


def arrow_jemalloc() -> Any:
    import pyarrow as pa

    return _touched(pa.allocate_buffer(SIZE, memory_pool=pa.jemalloc_memory_pool()))


def arrow_group_by() -> Any:
    import pyarrow as pa

    table = pa.table({"key": range(SIZE // 32), "value": range(SIZE // 32)})
    return table.group_by("key").aggregate([("value", "sum")])


def polars_frame() -> Any:
    import polars as pl

    return pl.DataFrame({"value": pl.int_range(0, SIZE // 8, eager=True)})


def duckdb_table() -> Any:
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE held AS SELECT hash(i) AS h FROM range({SIZE // 8}) t(i)")
    return connection


def anonymous_mapping() -> Any:
    mapped = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, SIZE, mmap.PAGESIZE):
        mapped[offset] = 1
    return mapped


def threads() -> Any:
    held: list[Any] = []
    workers = [threading.Thread(target=lambda: held.append(bytearray(SIZE // 4))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return held


def child_process() -> Any:
    program = f"import time; held = b'x' * {SIZE}; time.sleep(0.3)"
    return subprocess.run([sys.executable, "-c", program], check=True)


def _touched(buffer: Any) -> Any:
    memory = memoryview(buffer).cast("B")
    for offset in range(0, len(memory), mmap.PAGESIZE):
        memory[offset] = 1
    return buffer


EXACT: dict[str, Callable[[], Any]] = {
    one.__name__: one
    for one in (
        python_objects,
        numpy_array,
        arrow_default,
        arrow_system,
        arrow_mimalloc,
        arrow_jemalloc,
        anonymous_mapping,
        threads,
    )
}
"""These hold `SIZE` bytes, and 3 MiB at most for keeping account of them."""
KNOWN = EXACT | {
    one.__name__: one
    for one in (pandas_text, arrow_group_by, polars_frame, duckdb_table, child_process)
    if one is not polars_frame or HAS_POLARS
}


def import_all() -> None:
    """Load every library, and let each do a little."""
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    duckdb.sql("SELECT hash(1)").fetchall()
    if HAS_POLARS:
        import polars as pl

        pl.int_range(0, 10, eager=True)
    pd.DataFrame({"text": ["a"]})
    pa.table({"key": [1], "value": [np.int64(2)]}).group_by("key").aggregate([("value", "sum")])
