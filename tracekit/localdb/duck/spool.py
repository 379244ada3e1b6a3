"""A result that is read in full and kept for a client that reads slowly.

The first batches stay in memory. Beyond `MEMORY_BYTES` the rest goes to a temporary Arrow IPC file,
whose name is removed as soon as it is open, so that it disappears with the result.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from tracekit.localdb.ora_error import OraError

MEMORY_BYTES = 4 << 20
MAX_FILE_BYTES = 16 << 30


class SpooledBatches:
    """The record batches of a result, in order; can be read once.

    Args:
        schema: The schema of the batches.
        batches: The batches, which are read to the end.
        folder: The folder for the temporary file, if one is needed.

    Raises:
        OraError: ORA-01652 if the result is larger than `MAX_FILE_BYTES`.
    """

    def __init__(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], folder: Path) -> None:
        self._held: deque[pa.RecordBatch] = deque()
        self._file: pa.NativeFile | None = None
        rest = iter(batches)
        held_bytes = 0
        for batch in rest:
            self._held.append(batch)
            held_bytes += batch.nbytes
            if held_bytes > MEMORY_BYTES:
                self._file = _write(schema, rest, folder)
                break

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the batches; each is released once it is taken."""
        while self._held:
            yield self._held.popleft()
        if self._file is not None:
            yield from pa.ipc.open_stream(self._file)

    def close(self) -> None:
        """Release memory and file."""
        self._held.clear()
        if self._file is not None:
            self._file.close()


def _write(schema: pa.Schema, batches: Iterator[pa.RecordBatch], folder: Path) -> pa.NativeFile:
    """Write all `batches` to an unnamed file, and return it positioned at its start."""
    descriptor, name = tempfile.mkstemp(prefix="spool-", suffix=".arrow", dir=folder)
    os.close(descriptor)
    try:
        sink, source = pa.OSFile(name, "wb"), pa.OSFile(name, "rb")
    finally:
        Path(name).unlink()
    try:
        with sink, pa.ipc.new_stream(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                if sink.tell() > MAX_FILE_BYTES:
                    raise OraError(1652, "unable to extend temp segment by 128 in tablespace TEMP")
    except BaseException:
        source.close()
        raise
    return source
