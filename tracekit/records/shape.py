"""A shape: statistics of query results, from which any number of rows can be generated.

It has lengths and character widths of texts, bits of numbers, and numbers of distinct values: never
a value, never the smallest or the largest, and nothing that fewer than `SHARED_BY` rows or keys
have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.errors import ConfigError
from tracekit.records.serial import from_json

SCHEMA_VERSION = 1
SHARED_BY = 10
"""Minimum number of rows, or keys, behind a figure; rarer ones are merged with their neighbour."""
EXACT_CHARS = 64
"""Texts up to this length are counted by exact length, longer ones by ranges of lengths."""

TEXT_WIDTHS = ("ascii", "latin1", "bmp", "astral")
"""Classes of a text's widest character, for which Python stores 1, 1, 2 or 4 bytes each."""
BINARY = "bytes"
"""Replaces the width for RAW and BLOB, whose lengths are in bytes."""
NUMBER_CLASSES = ("small", "30", "60", "90", "120", "more", "fraction")
"""Whole numbers by bits: `small` is 0 to 256, `30` is below 2**30, ...; `fraction` is not whole."""

Lengths = dict[str, tuple[int, float, float, float]]
"""By the upper end of a range of lengths: rows, mean characters, mean UTF-8 bytes, and the share of
the column's distinct values (as seen in row batches) with such a length."""


@dataclass(frozen=True)
class ColumnShape:
    """A column of a result, as the database describes it, with statistics of its values."""

    name: str
    type: str
    """Oracle's name, without sizes: `VARCHAR2`, `NUMBER`, `TIMESTAMP WITH TIME ZONE`."""
    size: int | None = None
    """Maximum characters of a text, or bytes of a RAW; None if the type has no length."""
    precision: int | None = None
    """None for a NUMBER declared without one."""
    scale: int | None = None
    nullable: bool = True
    null: float = 0.0
    """Share of NULLs."""
    runs: float = 0.0
    """Share of cells that are equal to the one before."""
    distinct: int = 0
    """Number of distinct values, without NULL; an estimate above some thousands."""
    distinct_in_key_halves: tuple[int, ...] = ()
    """The same for all keys, half of them and a quarter, to show its growth with the keys."""
    distinct_nearby: float | None = None
    """The mean of the same within `rows_nearby` consecutive rows; None for fewer rows."""
    text: dict[str, Lengths] = field(default_factory=dict)
    """By width (`TEXT_WIDTHS`, or `BINARY`)."""
    windows: tuple[float, ...] = ()
    """Mean lengths along the result, in parts of equally many rows; empty if they hardly differ."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Rows by class of number (`NUMBER_CLASSES`)."""
    fraction_digits: float | None = None
    """Mean digits after the point of the numbers with a fraction."""
    moments: dict[str, int] = field(default_factory=dict)
    """Rows by the smallest part of a date that is not zero: `day`, `second`, `fraction`."""


@dataclass(frozen=True)
class BindShape:
    """A placeholder of a statement."""

    name: str
    """In capitals; without a colon."""
    type: str
    """Oracle's name."""
    is_key: bool = False
    """Whether keys are bound to it."""


@dataclass(frozen=True)
class QueryShape:
    """A query, over all its executions in the recording."""

    name: str
    statement: str
    """The text with literals replaced; a list of binds is reduced to one."""
    statement_sha256: str
    """The hash of the normalised statement with its literals; see `tracekit.sqltext`."""
    rows: int
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...] = ()
    """Its key columns; empty if it is not a query by key."""
    key_space: str | None = None
    """Queries with the same key space have the same keys."""
    keys: int = 0
    """Number of keys with rows."""
    keys_asked: int = 0
    rows_per_key: tuple[float, ...] = ()
    """The mean rows of keys in equal parts of all keys, least first."""
    keys_per_statement: float | None = None
    most_rows_per_statement: int | None = None
    """The rows of the largest statement; None if statements have few keys."""
    largest_statement_at: float | None = None
    """The position of the largest statement, as the share of statements before it."""
    rows_per_statement: tuple[float, ...] = ()
    """The mean rows of the other statements in equal parts of them, least first."""
    executions: int = 1
    order: str = "mixed"
    """Order of a statement's rows: `key` if the rows of each key are consecutive, or `mixed`."""
    binds: tuple[BindShape, ...] = ()
    rows_nearby: int = 5000
    """The number of rows in the columns' `distinct_nearby`."""
    partial: bool = False
    """Whether a result was not read to the end during the recording."""


@dataclass(frozen=True)
class KeySpace:
    """The keys of one or several queries."""

    name: str
    keys: int
    """Number of requested keys."""


@dataclass(frozen=True)
class StatementShape:
    """A statement without rows, or one that failed."""

    kind: str
    """`change` (DML), `session`, `definition` (DDL), `block` (PL/SQL) or `query`."""
    statement: str
    """Its text with literals replaced."""
    statement_sha256: str
    row_count: int | None = None
    """The rows changed by the last execution."""
    row_counts: tuple[int, ...] = ()
    """The rows changed by each execution, if they differ."""
    error_code: int | None = None
    """NNNNN of ORA-NNNNN, if it failed."""
    error_message: str | None = None
    """Oracle's text for the code, without what an application wrote into it."""
    executions: int = 1


@dataclass(frozen=True)
class Shape:
    """The recording of a program or a query."""

    queries: tuple[QueryShape, ...]
    statements: tuple[StatementShape, ...] = ()
    key_spaces: tuple[KeySpace, ...] = ()
    server: str | None = None
    """Version of the database."""
    schema_version: int = SCHEMA_VERSION

    def query(self, name: str) -> QueryShape:
        """The query with that name.

        Raises:
            ConfigError: there is none.
        """
        for query in self.queries:
            if query.name == name:
                return query
        there = ", ".join(query.name for query in self.queries) or "none"
        raise ConfigError(f"unknown query {name!r} of the shape; expected one of {there}")


def shape_from_json(text: str | bytes, *, source: str = "shape") -> Shape:
    """Read a shape from JSON.

    Raises:
        ConfigError: it is not a shape, is from a later tracekit, or is inconsistent; the message
            names `source`.
    """
    shape = from_json(Shape, text, source=source)
    if shape.schema_version > SCHEMA_VERSION:
        raise ConfigError(
            f"{source} is a shape of version {shape.schema_version}; this tracekit reads up to "
            f"{SCHEMA_VERSION}. Install a later one"
        )
    for query in shape.queries:
        _check(query, f"{source}: query {query.name!r}")
    names = [query.name for query in shape.queries]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{source} has two queries named {name!r}")
    return shape


def _check(query: QueryShape, source: str) -> None:
    if not query.columns:
        raise ConfigError(f"{source} has no columns")
    if query.rows < 0 or query.keys < 0 or query.keys_asked < query.keys:
        raise ConfigError(
            f"{source} has {query.rows} rows of {query.keys} keys, {query.keys_asked} requested"
        )
    names = {column.name for column in query.columns}
    for key in query.key:
        if key not in names:
            raise ConfigError(f"{source} has no column {key}, which is named as its key")
    for column in query.columns:
        if not 0 <= column.null <= 1:
            raise ConfigError(f"{source}, column {column.name}: a share of {column.null} NULLs")
        for kind in column.text:
            if kind not in (*TEXT_WIDTHS, BINARY):
                raise ConfigError(f"{source}, column {column.name}: unknown width {kind!r}")
        for number in column.numbers:
            if number not in NUMBER_CLASSES:
                raise ConfigError(f"{source}, column {column.name}: unknown number {number!r}")
