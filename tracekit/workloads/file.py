"""Read a DuckDB file that holds a workload, or whatever else somebody put there."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec

from tracekit.errors import WorkloadError
from tracekit.workloads.definition import Definition


@dataclass(frozen=True)
class WorkloadFile:
    """What a DuckDB file says about itself; None where it does not, as one made elsewhere."""

    path: Path
    size_bytes: int
    name: str | None = None
    fingerprint: str | None = None
    seed: int | None = None
    cids: int | None = None
    sysdate: datetime.datetime | None = None
    generator_version: int | None = None
    domains: tuple[str, ...] | None = None


def describe_file(path: Path) -> WorkloadFile:
    """What the DuckDB file at `path` says about itself.

    Raises:
        WorkloadError: there is no such file, or it cannot be read as a DuckDB file.
    """
    with _reading(path) as connection:
        size_bytes = path.stat().st_size
        described = connection.execute(
            "SELECT 1 FROM duckdb_tables()"
            " WHERE schema_name = 'TRACEKIT_META' AND table_name = 'WORKLOAD'"
        ).fetchall()
        if not described:
            return WorkloadFile(path, size_bytes)
        [(name, fingerprint, seed, cids, sysdate, version, definition)] = connection.execute(
            "SELECT NAME, FINGERPRINT, SEED, CIDS, SYSDATE, GENERATOR_VERSION, DEFINITION"
            " FROM TRACEKIT_META.WORKLOAD"
        ).fetchall()
    return WorkloadFile(
        path=path,
        size_bytes=size_bytes,
        name=name,
        fingerprint=fingerprint,
        seed=seed,
        cids=cids,
        sysdate=sysdate,
        generator_version=version,
        domains=_domains(definition),
    )


def container_ids(path: Path, limit: int | None = None) -> list[str]:
    """The first `limit` CIDs of DW_MES_CONTAINER by CONTAINERID, all of them without a limit.

    Raises:
        WorkloadError: the file cannot be read, or has no container table.
    """
    with _reading(path) as connection:
        rows = connection.execute(
            "SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER WHERE CONTAINERID IS NOT NULL"
            " ORDER BY CONTAINERID LIMIT ?",
            [limit],
        ).fetchall()
    return [cid for (cid,) in rows]


def table_rows(path: Path) -> dict[str, int]:
    """Rows of every table, by `SCHEMA.TABLE`; tracekit's own description is left out.

    Raises:
        WorkloadError: the file cannot be read.
    """
    with _reading(path) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
            " WHERE NOT internal AND schema_name <> 'TRACEKIT_META'"
            " ORDER BY schema_name, table_name"
        ).fetchall()
        return {f"{schema}.{table}": _count(connection, schema, table) for schema, table in tables}


def _count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))
    query = f"SELECT count(*) FROM {name}"  # noqa: S608 (a name cannot be bound; it is quoted)
    [(rows,)] = connection.execute(query).fetchall()
    return int(rows)


def _domains(definition: str) -> tuple[str, ...] | None:
    try:
        return msgspec.json.decode(definition, type=Definition).domains
    except msgspec.DecodeError:
        return None  # written by another version of tracekit; the rest still holds


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not path.is_file():
        raise WorkloadError(f"{path}: no such DuckDB file")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    except duckdb.Error as exc:
        raise WorkloadError(f"{path} could not be read as a workload: {exc}") from exc
