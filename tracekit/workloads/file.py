"""Read a DuckDB file that contains a workload or other tables."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from tracekit.errors import WorkloadError
from tracekit.jsonvalue import decode_typed, encode_typed
from tracekit.records import QueryDefinition
from tracekit.workloads.definition import Workload


@dataclass(frozen=True)
class WorkloadFile:
    """The description in a DuckDB file; fields are None if tracekit did not write it."""

    path: Path
    size_bytes: int
    name: str | None = None
    fingerprint: str | None = None
    seed: int | None = None
    size: int | None = None
    """Number of keys."""
    sysdate: datetime.datetime | None = None
    queries: dict[str, QueryDefinition] = field(default_factory=dict)
    query: str | None = None
    """The default query."""
    keys: str | None = None
    """The query for its keys."""
    candidates: tuple[str, ...] = ()
    reference: str | None = None


def describe_file(path: Path) -> WorkloadFile:
    """Read the description in the DuckDB file at `path`.

    Raises:
        WorkloadError: the file does not exist, or cannot be read as a DuckDB file.
    """
    with _reading(path) as connection:
        size_bytes = path.stat().st_size
        described = connection.execute(
            "SELECT 1 FROM duckdb_tables()"
            " WHERE schema_name = 'TRACEKIT_META' AND table_name = 'WORKLOAD'"
        ).fetchall()
        if not described:
            return WorkloadFile(path, size_bytes)
        [(name, fingerprint, seed, size, sysdate, replay_text)] = connection.execute(
            "SELECT NAME, FINGERPRINT, SEED, SIZE, SYSDATE, REPLAY FROM TRACEKIT_META.WORKLOAD"
        ).fetchall()
    replay = decode_typed(replay_text)
    return WorkloadFile(
        path=path,
        size_bytes=size_bytes,
        name=name,
        fingerprint=fingerprint,
        seed=seed,
        size=size,
        sysdate=sysdate,
        queries={
            query["name"]: QueryDefinition(**{**query, "key": tuple(query["key"])})
            for query in replay["queries"]
        },
        query=replay["query"],
        keys=replay["keys"],
        candidates=tuple(replay["candidates"]),
        reference=replay["reference"],
    )


def write_description(connection: duckdb.DuckDBPyConnection, workload: Workload) -> None:
    """Write a description of its contents and queries into a file.

    Raises:
        duckdb.Error: DuckDB failed.
    """
    replay = {
        "queries": [asdict(query) for query in workload.queries.values()],
        "query": workload.query,
        "keys": workload.keys,
        "candidates": workload.candidates,
        "reference": workload.reference,
    }
    connection.execute("CREATE SCHEMA TRACEKIT_META")
    connection.execute(
        "CREATE TABLE TRACEKIT_META.WORKLOAD (NAME VARCHAR, FINGERPRINT VARCHAR, SEED BIGINT,"
        " SIZE BIGINT, SYSDATE TIMESTAMP_S, REPLAY VARCHAR)"
    )
    connection.execute(
        "INSERT INTO TRACEKIT_META.WORKLOAD VALUES (?, ?, ?, ?, ?, ?)",
        [
            workload.name,
            workload.fingerprint,
            workload.seed,
            workload.size,
            workload.sysdate,
            encode_typed(replay).decode(),
        ],
    )


def content_fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex: the fingerprint of a database from elsewhere.

    Raises:
        WorkloadError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise WorkloadError(f"{path} could not be read: {exc}") from exc


def table_rows(path: Path) -> dict[str, int]:
    """Number of rows of every table, by `SCHEMA.TABLE`, without tracekit's own description.

    Raises:
        WorkloadError: the file cannot be read.
    """
    with _reading(path) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
            " WHERE NOT internal AND schema_name <> 'TRACEKIT_META'"
            " AND (schema_name, table_name) <> ('main', 'TRACEKIT_DECLARED_COLUMNS')"
            " ORDER BY schema_name, table_name"
        ).fetchall()
        return {f"{schema}.{table}": _count(connection, schema, table) for schema, table in tables}


def _count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))
    query = f"SELECT count(*) FROM {name}"  # noqa: S608 (a name cannot be bound; it is quoted)
    [(rows,)] = connection.execute(query).fetchall()
    return int(rows)


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not path.is_file():
        raise WorkloadError(f"the DuckDB file {path} does not exist")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    except duckdb.Error as exc:
        raise WorkloadError(f"{path} could not be read as a DuckDB file: {exc}") from exc
