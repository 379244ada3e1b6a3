"""The rows of a recorded query on their way: made keys give way to those the program asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.recorded.key_map import NOT_RECORDED, Key


class Batches(Protocol):
    """Where rows come from."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Record batches."""

    def interrupt(self) -> None:
        """Make the iteration fail soon."""

    def close(self) -> None:
        """Free what is held."""


class RecordedRows:
    """The batches of a recorded query.

    Args:
        batches: With made keys.
        places: Of the key's columns.
        asked_for: For each made key, the one that it stands for; empty if they are the same.
        partial: Nobody knows what came after the last row: reading past it is an error.
        name: Of the query.
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
        """Record batches; asked for once.

        Raises:
            OraError: ORA-20942, reading past what was recorded.
        """
        for batch in self._batches:
            yield self._with_asked(batch) if self._asked_for else batch
        if self._partial:
            raise OraError(
                NOT_RECORDED,
                f"query {self._name!r} was never read to its end while it was recorded; what "
                "comes after these rows is not known",
            )

    def interrupt(self) -> None:
        """Make the iteration fail soon."""
        self._batches.interrupt()

    def close(self) -> None:
        """Free what is held."""
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
    """A CHAR comes with its blanks, which who asks leaves out."""
    if isinstance(asked, str) and isinstance(made, str) and made.endswith(" "):
        return asked.ljust(len(made))
    return asked
