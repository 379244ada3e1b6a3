"""The rows of a recorded query, with the program's keys in place of the generated ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.recorded.key_map import NOT_RECORDED, Key


class Batches(Protocol):
    """A source of rows."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the record batches."""

    def interrupt(self) -> None:
        """Make the iteration raise an error soon."""

    def close(self) -> None:
        """Release resources."""


class RecordedRows:
    """The batches of a recorded query.

    Args:
        batches: The batches with generated keys.
        places: The positions of the key's columns.
        asked_for: For each generated key, the key it stands for; empty if they are the same.
        partial: Whether the rows after the last one are unknown, so that reading past it is an
            error.
        name: The query's name.
    """

    def __init__(
        self,
        batches: Batches,
        places: Sequence[int],
        asked_for: Mapping[Key, Key],
        *,
        partial: bool,
        name: str,
    ) -> None:
        self._batches = batches
        self._places = places
        self._asked_for = asked_for
        self._partial = partial
        self._name = name

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over the record batches; may be called once.

        Raises:
            OraError: ORA-20942 if the iteration reads past the recorded rows.
        """
        for batch in self._batches:
            yield self._with_asked(batch) if self._asked_for else batch
        if self._partial:
            raise OraError(
                NOT_RECORDED,
                f"query {self._name!r} was not read to its end during the recording; what "
                "comes after these rows is not known",
            )

    def interrupt(self) -> None:
        """Make the iteration raise an error soon."""
        self._batches.interrupt()

    def close(self) -> None:
        """Release resources."""
        self._batches.close()

    def _with_asked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        made = [batch.column(place).to_pylist() for place in self._places]
        keys = [self._asked_for.get(key, key) for key in zip(*made, strict=True)]
        arrays = list(batch.columns)
        for part, place in enumerate(self._places):
            column = batch.column(place)
            values = [_padded(key[part], one) for key, one in zip(keys, made[part], strict=True)]
            arrays[place] = pa.array(values, column.type)
        return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _padded(asked: Any, made: Any) -> Any:
    """Pad a CHAR with blanks, which the program's key can lack."""
    if isinstance(asked, str) and isinstance(made, str) and made.endswith(" "):
        return asked.ljust(len(made))
    return asked
