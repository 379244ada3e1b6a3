"""Batches of keys as tasks for other processes and machines: `KeyedFetcher.partitions`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tracekit.config import Settings
from tracekit.errors import ConfigError, FetchError
from tracekit.extras import extra
from tracekit.keyed.column_kinds import ColumnKind
from tracekit.keyed.column_plan import ColumnPlan, first_plan
from tracekit.keyed.keys import batches_of
from tracekit.keyed.query import Key, Query
from tracekit.keyed.record import RecordsByKey
from tracekit.oracle import Database

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd
    import pyarrow as pa

    from tracekit.keyed.keyed_table import KeyedTable

_WALLET_PASSWORD = "TRACEKIT_WALLET_PASSWORD"  # noqa: S105 (the name of a variable)


class Fetches(Protocol):
    """What a partition needs from a KeyedFetcher."""

    def records(self, keys: Iterable[Any] | None = None, /) -> RecordsByKey:
        """The records of each key."""

    def table(self, keys: Iterable[Any] | None = None, /) -> KeyedTable:
        """All rows as Arrow columns."""


@dataclass(frozen=True)
class Partition:
    """Some keys of a query, to be fetched by the process it is sent to.

    It can be pickled and holds no secret: the process that runs it reads the password from its own
    environment (DB_PASSWORD or DB_PASSWORD_FILE; TRACEKIT_WALLET_PASSWORD for a wallet). Calling it
    returns its rows as an Arrow table; all partitions of one fetch have the same schema.
    """

    query: Query
    keys: tuple[Key, ...] | None
    """None for a query without keys."""
    schema: pa.Schema
    """The table's schema: text as string, a NUMBER without precision as float64."""
    database: Mapping[str, Any] = field(repr=False)
    """Arguments of `Database`, without its secrets."""
    make_fetcher: Callable[[Database, Query], Fetches] = field(repr=False)
    """`KeyedFetcher`, which makes partitions."""

    def __call__(self) -> pa.Table:
        """Its rows as an Arrow table.

        Raises:
            ConfigError: the environment holds no password.
            BatchFetchError: the rows could not be read.
            FetchError: a number does not fit the schema exactly.
        """
        table = self._fetcher().table(self.keys).to_arrow()
        return _in_schema(table, self.schema)

    def records(self) -> RecordsByKey:
        """Its records, as `KeyedFetcher.records` returns them.

        Raises:
            ConfigError: the environment holds no password.
            BatchFetchError: the rows could not be read.
        """
        return self._fetcher().records(self.keys)

    def to_pandas(self) -> pd.DataFrame:
        """Its rows as a DataFrame of Arrow-backed columns.

        Raises the same errors as calling it.
        """
        return _frame(self())

    def _fetcher(self) -> Fetches:
        return self.make_fetcher(_database(self.database), self.query)


def partitions_of(
    make_fetcher: Callable[[Database, Query], Fetches],
    database: Database,
    query: Query,
    keys: Iterable[Any] | None,
) -> list[Partition]:
    """A partition for each batch of keys."""
    schema = _schema(first_plan(database, query))
    arguments = database.plain_arguments
    if not query.takes_keys:
        return [Partition(query, None, schema, arguments, make_fetcher)]
    batches = batches_of(keys, query)
    return [Partition(query, tuple(batch), schema, arguments, make_fetcher) for batch in batches]


def dask_frame(partitions: list[Partition]) -> dd.DataFrame:
    """A Dask DataFrame whose partitions are fetched by Dask's workers.

    Raises:
        MissingExtra: Dask is not installed.
        ConfigError: there are no keys.
    """
    with extra("dask"):
        import dask.dataframe as dd
    if not partitions:
        raise ConfigError("to_dask() needs keys, and none were given")
    empty = _frame(partitions[0].schema.empty_table())
    from_map: Any = dd.from_map  # Dask has no types
    frame: dd.DataFrame = from_map(Partition.to_pandas, partitions, meta=empty, label="tracekit")
    return frame


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _schema(plan: ColumnPlan) -> pa.Schema:
    """A schema that fits every partition, whatever its rows are."""
    import pyarrow as pa

    fields = []
    for held, kind, described in zip(plan.schema, plan.kinds, plan.shape.schema, strict=True):
        type_ = held.type
        if kind is ColumnKind.TEXT:
            type_ = pa.string()
        elif kind is ColumnKind.WHOLE and not pa.types.is_integer(described.type):
            type_ = pa.float64()  # without precision: fractions may come
        fields.append(pa.field(held.name, type_))
    return pa.schema(fields)


def _in_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = []
    for wanted, column in zip(schema, table.columns, strict=True):
        number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        try:
            if pa.types.is_floating(wanted.type) and not number:
                raise pa.ArrowInvalid("held as digits")  # which Arrow would round
            columns.append(column.cast(wanted.type))  # refuses whole numbers it would round
        except pa.ArrowInvalid as exc:
            raise FetchError(
                f"column {wanted.name} holds a number that {wanted.type} cannot represent, and all "
                "partitions share one schema. CAST it in the query, for example to NUMBER(38)."
            ) from exc
    return pa.Table.from_arrays(columns, schema=schema)


def _database(arguments: Mapping[str, Any]) -> Database:
    password = Settings.from_env().database.password
    if password is None:
        raise ConfigError(
            "DB_PASSWORD (or DB_PASSWORD_FILE) is not set in the process that fetches a partition. "
            "Partitions carry no secrets, so set it in the environment of each worker."
        )
    wallet = os.environ.get(_WALLET_PASSWORD)
    secrets = {"password": password} | ({"wallet_password": wallet} if wallet else {})
    return Database(**{**arguments, **secrets})
