"""`ShapeRecorder`: record statistics of one query's results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tracekit.errors import ConfigError
from tracekit.records.shape import SHARED_BY, BindShape, ColumnShape, QueryShape
from tracekit.workloads.shapes.column_tally import ColumnTally
from tracekit.workloads.shapes.key_tally import KeyTally, key_hash, means_of_parts
from tracekit.workloads.shapes.pool import exhaustion, shown_at

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_NEARBY = 5000
"""The rows of a row batch, which drivers and frames hold together."""
_HALF, _QUARTER = 2**63, 2**62
_FARTHEST_FROM_HALF = 0.3
_MOST_SNAPSHOTS = 200


class ShapeRecorder:
    """Records statistics of one query over all its executions; keeps none of its rows.

    Needs some megabytes for any number of rows, and 24 bytes per key.

    Args:
        name: The query's name.
        columns: The columns as the database describes them, in order.
        key: The key columns; each must be one of `columns`.

    Example:
        recorder = ShapeRecorder("payments", columns, key=("ACCOUNT_ID",))
        for batch_of_keys in batches:
            recorder.begin_statement(batch_of_keys)
            for rows in read(batch_of_keys):
                recorder.add_rows(rows)
            recorder.end_statement()
        shape = recorder.shape(statement, statement_sha256)

    Raises:
        ConfigError: a key column is not among the columns.
    """

    def __init__(
        self, name: str, columns: Sequence[ColumnShape], *, key: Sequence[str] = ()
    ) -> None:
        names = [column.name for column in columns]
        for column in key:
            if column not in names:
                raise ConfigError(
                    f"query {name!r} does not select its key column {column}, which a shape needs. "
                    f"Its columns are {', '.join(names)}"
                )
        self.name = name
        self.keys = KeyTally()
        self._key = tuple(key)
        self._key_places = [names.index(column) for column in key]
        bits = 14 if len(columns) <= 40 else 12
        self._columns = [ColumnTally(column, bits) for column in columns]
        self._rows = 0
        self._rows_since_nearby = 0
        self._key_changes = 0
        self._last_key: Hashable = None
        self._snapshots: list[tuple[int, list[int]]] = []
        self._snapshots_every = 1
        self._executions = 0
        self._rows_before = 0
        self._largest_statement = 0
        self._rows_of_statements: Counter[int] = Counter()
        self._partial = False

    def begin_statement(self, keys: Iterable[Hashable] | None = None) -> None:
        """Start a statement, which asks for `keys` if they are known."""
        if keys is not None:
            self.keys.ask(keys)

    def add_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Count rows from the driver; LOBs must be texts or bytes (`fetch_lobs=False`).

        Raises:
            WorkloadError: a shape cannot hold the type of a value.
        """
        start = 0
        while start < len(rows):
            piece = rows[start : start + ROWS_NEARBY - self._rows_since_nearby]
            self._add(list(zip(*piece, strict=True)))
            start += len(piece)

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Count the rows of an Arrow record batch.

        Raises:
            WorkloadError: a shape cannot hold the type of a value.
        """
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, ROWS_NEARBY - self._rows_since_nearby)
            self._add([tuple(column.to_pylist()) for column in piece.columns])
            start += piece.num_rows

    def end_statement(self, *, partial: bool = False) -> None:
        """End a statement, which was read to the end unless `partial`."""
        self.keys.end_statement()
        self._partial |= partial
        self._executions += 1
        rows = self._rows - self._rows_before
        if rows > max(self._rows_of_statements, default=-1):
            self._largest_statement = self._executions - 1
        self._rows_of_statements[rows] += 1
        self._rows_before = self._rows
        if self._executions % self._snapshots_every == 0:
            self._snapshots.append((self._rows, [one.distinct() for one in self._columns]))
        if len(self._snapshots) > _MOST_SNAPSHOTS:
            del self._snapshots[::2]
            self._snapshots_every *= 2

    def shape(
        self,
        statement: str,
        statement_sha256: str,
        *,
        key_space: str | None = None,
        binds: Sequence[BindShape] = (),
    ) -> QueryShape:
        """The recorded statistics. Rows of a key that was requested repeatedly count once.

        Args:
            statement: The statement's text with literals replaced.
            statement_sha256: The hash of the normalised statement.
            key_space: The name of the key space that it shares with other queries; the key's name
                by default.
            binds: The statement's placeholders.
        """
        found = len(self.keys.found)
        executions = max(1, self._executions)
        asked = len(np.union1d(self.keys.asked, self.keys.found))
        times = self.keys.occurrences / found if found else executions
        halves = self._halves_by_statements()
        most, others = self._rows_per_statement(asked / executions)
        return QueryShape(
            name=self.name,
            statement=statement,
            statement_sha256=statement_sha256,
            rows=round(self._rows / times),
            columns=tuple(
                column.shape(half) for column, half in zip(self._columns, halves, strict=True)
            ),
            key=self._key,
            key_space=(key_space or ",".join(self._key)) if self._key else None,
            keys=found,
            keys_asked=asked,
            rows_per_key=self.keys.rows_per_key(),
            keys_per_statement=round(asked / executions, 1) if self._key else None,
            most_rows_per_statement=most,
            largest_statement_at=(
                None if most is None else round(self._largest_statement / executions, 3)
            ),
            rows_per_statement=others,
            executions=executions,
            order=self._order(),
            binds=tuple(binds),
            rows_nearby=ROWS_NEARBY,
            partial=self._partial,
        )

    def _add(self, columns: list[tuple[Any, ...]]) -> None:
        rows = len(columns[0])
        in_half, in_quarter = self._add_keys(columns, rows)
        for tally, cells in zip(self._columns, columns, strict=True):
            tally.add(cells, in_half, in_quarter)
        self._rows += rows
        self._rows_since_nearby += rows
        if self._rows_since_nearby >= ROWS_NEARBY:
            self._rows_since_nearby = 0
            for tally in self._columns:
                tally.end_nearby()

    def _add_keys(
        self, columns: list[tuple[Any, ...]], rows: int
    ) -> tuple[Sequence[bool], Sequence[bool]]:
        if not self._key:
            half = [number % 2 == 0 for number in range(rows)]
            return half, [number % 4 == 0 for number in range(rows)]
        parts = [columns[place] for place in self._key_places]
        keys: Sequence[Hashable] = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
        self._key_changes += sum(a != b for a, b in zip(keys[1:], keys, strict=False))
        self._key_changes += keys[0] != self._last_key
        self._last_key = keys[-1]
        counted = Counter(keys)
        hashes = {key: key_hash(key) for key in counted}
        self.keys.add(
            np.array([hashes[key][0] for key in counted], np.uint64),
            np.array(list(counted.values()), np.int64),
        )
        chosen = [hashes[key][1] for key in keys]
        return [one < _HALF for one in chosen], [one < _QUARTER for one in chosen]

    def _rows_per_statement(self, keys: float) -> tuple[int | None, tuple[float, ...]]:
        """The rows of the largest statement and of the others, if each has enough keys."""
        if not self._key or self._executions < 2 or keys < SHARED_BY:
            return None, ()
        most = max(self._rows_of_statements)
        others = self._rows_of_statements - Counter([most])
        return most, means_of_parts(others, least_members=1)

    def _halves_by_statements(self) -> list[float | None]:
        """The distinct values after half of the rows, as a share of all, for each column.

        The keys of one statement are neighbours and share values that other keys lack. A random
        choice of keys would not show that.
        """
        shares = [(rows / max(1, self._rows), values) for rows, values in self._snapshots]
        if not shares:
            return [None] * len(self._columns)
        everything = [one.distinct() for one in self._columns]
        at, then = min(shares, key=lambda one: abs(one[0] - 0.5))
        if abs(at - 0.5) > _FARTHEST_FROM_HALF:
            return [None] * len(self._columns)
        return [
            shown_at(exhaustion(some / every, at), 0.5) if every else None
            for some, every in zip(then, everything, strict=True)
        ]

    def _order(self) -> str:
        """The order of rows: `key` if the rows of a key are consecutive, otherwise `mixed`."""
        if not self._key:
            return "mixed"
        if_by_key, if_mixed = self.keys.occurrences, self.keys.changes_if_mixed
        return "key" if 2 * self._key_changes < if_by_key + if_mixed else "mixed"
