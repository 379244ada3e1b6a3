"""Copy sequences to clones, and take their values before a statement runs.

DuckDB would take the values while a statement runs. Running a statement again after a failure in
its transaction would then take new values. With values taken beforehand, it does the same again.
Oracle, too, takes one value per row, however often the row names the sequence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from tracekit.localdb.duck.notes import DRAWN, IDENTITY, TableNote
from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.ora_error import OraError

_CALL = re.compile(r"\bnextval\('((?:[^']|'')+)'\)")
_PLAIN_INSERT = re.compile(r"INSERT INTO [^(]*(?:\([^()]*\) )?VALUES ", re.IGNORECASE)
_NAME = r'"(?:[^"]|"")+"'
_WITH_COLUMNS = re.compile(
    rf"(INSERT INTO {_NAME}(?:\.{_NAME})* \()({_NAME}(?:, {_NAME})*)\) VALUES \("  # noqa: S608
)
_LISTED = re.compile(rf"INSERT INTO {_NAME}(?:\.{_NAME})* \(({_NAME}(?:, {_NAME})*)\)")
_PREFIX = "drawn"


def copy_sequences(root: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    """Copy the sequences of catalogue `source` to `target`, with their current positions."""
    found = root.execute(
        "SELECT schema_name, sequence_name, increment_by, min_value, max_value, cycle,"
        " coalesce(last_value + increment_by, start_value)"
        " FROM duckdb_sequences() WHERE database_name = ? AND NOT temporary",
        [source],
    ).fetchall()
    for schema, name, step, least, most, cycles, following in found:
        root.execute(f"CREATE SCHEMA IF NOT EXISTS {target}.{quoted(schema)}")
        root.execute(
            f"CREATE SEQUENCE {target}.{quoted(schema)}.{quoted(name)} INCREMENT BY {step}"
            f" MINVALUE {least} MAXVALUE {most} START WITH {min(max(following, least), most)}"
            f"{' CYCLE' if cycles else ''}"
        )


@dataclass(frozen=True)
class Change:
    """A DML statement that is ready to run."""

    sql: str
    rows: Sequence[Mapping[str, Any]]
    """The values of its parameters, for each execution."""
    volatile: bool = False
    """Whether running it again would take other values."""


def prepare_insert(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    rows: Sequence[Mapping[str, Any]],
    notes: Sequence[TableNote],
    free: Collection[str] = (),
) -> Change:
    """Take the values that an INSERT needs from sequences, by its text or its table's defaults.

    Args:
        connection: The connection to take them with, so that it knows CURRVAL.
        sql: Any DML statement.
        rows: The values of its parameters, for each execution.
        notes: The notes about the table of an INSERT; empty for other statements.
        free: The table's columns that store NUMBERs as bytes.

    Raises:
        OraError: ORA-32795 if a value is given for a column that is GENERATED ALWAYS.
        duckdb.Error: the sequence does not exist or is exhausted.
    """
    drawn = {note.subject: note.name for note in notes if note.kind in (IDENTITY, DRAWN)}
    if drawn:
        listed = listed_columns(sql)
        for note in notes:
            given = listed is None or note.subject in listed
            if note.kind == IDENTITY and note.detail == "ALWAYS" and given:
                raise OraError(32795, "cannot insert into a generated always identity column")
        sql = with_defaults(sql, drawn, free)
        listed = listed_columns(sql)
        rest_is_drawn = listed is not None and not drawn.keys() <= listed
    else:
        rest_is_drawn = False
    drawn_sql, values = draw_first(connection, sql, rows)
    return Change(drawn_sql, values, volatile=rest_is_drawn)


def listed_columns(sql: str) -> set[str] | None:
    """The columns that an INSERT names; None if it names none."""
    match = _LISTED.match(sql)
    return {_unquoted(name) for name in re.findall(_NAME, match[1])} if match else None


def with_defaults(sql: str, sequences: Mapping[str, str], free: Collection[str] = ()) -> str:
    """Add the columns whose default comes from a sequence to an INSERT of one tuple.

    Args:
        sql: The statement; any other kind is returned unchanged.
        sequences: The names of the sequences, by column.
        free: The columns that store NUMBERs as bytes.
    """
    match = _WITH_COLUMNS.match(sql)
    listed = listed_columns(sql) or set()
    missing = {column: path for column, path in sequences.items() if column not in listed}
    if match is None or not missing:
        return sql
    names = ", ".join(quoted(column) for column in missing)
    calls = ", ".join(
        f"ora_number(nextval('{path}'))" if column in free else f"nextval('{path}')"
        for column, path in missing.items()
    )
    return f"{match[1]}{names}, {match[2]}) VALUES ({calls}, {sql[match.end() :]}"


def draw_first(
    connection: duckdb.DuckDBPyConnection, sql: str, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, list[dict[str, Any]]]:
    """Replace the sequences in an INSERT of one tuple with parameters, and take their values.

    Args:
        connection: The connection to take them with, so that it knows CURRVAL.
        sql: The statement; any other kind is returned unchanged.
        rows: Its parameters; each row gets a value of every sequence.

    Raises:
        duckdb.Error: the sequence does not exist or is exhausted.
    """
    values = [dict(row) for row in rows]
    if "nextval(" not in sql or not _PLAIN_INSERT.match(sql):
        return sql, values
    names: dict[str, str] = {}

    def parameter(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], f'{_PREFIX}{len(names)}')}"

    with_parameters = _CALL.sub(parameter, sql)
    for sequence, name in names.items():
        drawn = connection.execute(
            f"SELECT nextval('{sequence}') FROM range({len(values)})"  # noqa: S608
        ).fetchall()
        for row, (value,) in zip(values, drawn, strict=True):
            row[name] = value
    return with_parameters, values


def drawn_sequence(default: str) -> tuple[str, ...]:
    """The schema and name of the sequence from which a column's default takes a value."""
    found = _CALL.search(default)
    names = re.findall(_NAME, found[1].replace("''", "'")) if found else []
    return tuple(_unquoted(name) for name in names[-2:])


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')
