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
"""By the widest character of a text: the bytes Python keeps for each are 1, 1, 2 and 4."""
BINARY = "bytes"
"""Stands where a text's width does, for RAW and BLOB: lengths are bytes."""
NUMBER_CLASSES = ("small", "30", "60", "90", "120", "more", "fraction")
"""Whole numbers by bits: `small` is 0 to 256, `30` below 2**30 ...; `fraction` is not whole."""

Lengths = dict[str, tuple[int, float, float, float]]
"""By most characters of a range of lengths: rows, mean characters, mean UTF-8 bytes, and the share
of the column's distinct values (as row batches show them) that are of such a length."""


@dataclass(frozen=True)
class ColumnShape:
    """One column of a result, as the database describes it, with statistics of its values."""

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
    """The same for all keys, half of them, a quarter: how it grows with the keys."""
    distinct_nearby: float | None = None
    """Mean of the same within `rows_nearby` consecutive rows; None for fewer rows."""
    text: dict[str, Lengths] = field(default_factory=dict)
    """By width (`TEXT_WIDTHS`, or `BINARY`)."""
    windows: tuple[float, ...] = ()
    """Mean length along the result, in parts of equally many rows; empty if it stays the
    same."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Rows by class of number (`NUMBER_CLASSES`)."""
    fraction_digits: float | None = None
    """Mean digits after the point, of those with a fraction."""
    moments: dict[str, int] = field(default_factory=dict)
    """Rows by smallest part of a date that is not zero: `day`, `second`, `fraction`."""


@dataclass(frozen=True)
class BindShape:
    """One placeholder of a statement."""

    name: str
    """In capitals; without a colon."""
    type: str
    """Oracle's name."""
    is_key: bool = False
    """Whether keys are bound to it."""


@dataclass(frozen=True)
class QueryShape:
    """One query, over all its executions while it was recorded."""

    name: str
    statement: str
    """Its text with literals replaced; a list of binds is as long as one."""
    statement_sha256: str
    """Of the normalised statement that was run, its literals included; see `tracekit.sqltext`."""
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
    """Mean rows of the keys in equal parts of all keys, least first."""
    keys_per_statement: float | None = None
    most_rows_per_statement: int | None = None
    """Of the statement with the most rows; None where statements are about few keys."""
    largest_statement_at: float | None = None
    """Which one that was: the share of the statements that came before it."""
    rows_per_statement: tuple[float, ...] = ()
    """Mean rows of the other statements in equal parts of them, least first."""
    executions: int = 1
    order: str = "mixed"
    """How a statement's rows come: `key`, those of a key in a row, or `mixed`."""
    binds: tuple[BindShape, ...] = ()
    rows_nearby: int = 5000
    """What `distinct_nearby` of the columns is about."""
    partial: bool = False
    """Whether a result was not read to the end while it was recorded."""


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
    """Rows it changed, the last time."""
    row_counts: tuple[int, ...] = ()
    """The same at each execution in turn, where they differ."""
    error_code: int | None = None
    """Of ORA-NNNNN, where it failed."""
    error_message: str | None = None
    """Oracle's text for the code; what an application wrote into it is left out."""
    executions: int = 1


@dataclass(frozen=True)
class Shape:
    """What was recorded of one program, or of one query."""

    queries: tuple[QueryShape, ...]
    statements: tuple[StatementShape, ...] = ()
    key_spaces: tuple[KeySpace, ...] = ()
    server: str | None = None
    """Version of the database."""
    schema_version: int = SCHEMA_VERSION

    def query(self, name: str) -> QueryShape:
        """The query of that name.

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
