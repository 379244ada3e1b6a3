"""The source of a replay: a query, its keys, and a database or a local Oracle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tracekit import workloads
from tracekit.config import Settings
from tracekit.errors import ConfigError
from tracekit.experiment.choose_keys import WantedKeys, choose_keys
from tracekit.experiment.environment import server_version
from tracekit.experiment.progress import Listener, ReplayProgress
from tracekit.keyed import Key, Query
from tracekit.oracle import Database
from tracekit.records import WorkloadInfo

if TYPE_CHECKING:
    from tracekit.workloads import Workload

WorkloadLike: TypeAlias = "str | Path | Workload"
"""A workload, its name, its .toml file, or a DuckDB file."""
_DATABASE_FILES = {".duckdb", ".db"}


@dataclass(frozen=True)
class Request:
    """The arguments that say what to replay."""

    workload: WorkloadLike | None = None
    database: Database | None = None
    """A database to read instead of the workload's."""
    query: Query | str | None = None
    """A query, or the name of one of the workload's."""
    keys: WantedKeys | None = None
    keys_sql: str | None = None


@dataclass(frozen=True)
class Source:
    """The query, its keys and their database."""

    database: Database
    query: Query
    keys: list[Key] | None
    """None if the query takes none."""
    workload: WorkloadInfo
    """The workload's record, without its rows, which are not counted yet."""
    server: str

    @property
    def key_count(self) -> int:
        """Number of keys; 1 for a query that takes none."""
        return 1 if self.keys is None else len(self.keys)


def resolve(workload: WorkloadLike | None) -> Workload:
    """The workload; an empty one for None.

    Raises:
        WorkloadError: it is unknown or malformed.
    """
    if workload is None:
        return workloads.Workload("query")
    if isinstance(workload, workloads.Workload):
        return workload
    if not isinstance(workload, str | Path):
        raise ConfigError(
            f"workload={workload!r}: expected a name, a Workload, a .toml file or a DuckDB file"
        )
    path = Path(workload)
    if path.suffix not in _DATABASE_FILES:
        return workloads.load(workload)
    file = workloads.describe_file(path)
    return workloads.Workload(
        name=file.name or path.stem,
        database=path,
        queries=file.queries,
        query=file.query,
        keys=file.keys,
        candidates=file.candidates,
        reference=file.reference,
        seed=file.seed,
        sysdate=file.sysdate,
    )


@contextmanager
def open_source(request: Request, tell: Listener) -> Iterator[Source]:
    """A ready source; a local Oracle that had to be started is stopped at the end.

    Raises:
        ConfigError: there is nothing to read, no such query, or there are no keys.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: no connection could be made.
    """
    workload = resolve(request.workload)
    query = _query(workload, request.query)
    database = request.database or _named_database(workload)
    if database is not None:
        yield _source(request, workload, query, database, server_version(database), None)
        return
    if isinstance(request.keys, int) and workload.generator is not None:
        workload = workload.sized(request.keys)
        request = replace(request, keys=None)
    with _local(workload, tell) as (database, banner, path):
        yield _source(request, workload, query, database, banner, path)


def _source(
    request: Request,
    workload: Workload,
    query: Query,
    database: Database,
    server: str,
    file: Path | None,
) -> Source:
    wanted, sql = request.keys, request.keys_sql
    if sql is None and query.takes_keys and (wanted is None or isinstance(wanted, int)):
        defined = workload.keys
        if defined is not None and defined.startswith("@"):
            wanted = wanted if wanted is not None else defined
        else:
            sql = defined
    keys, remarks = choose_keys(database, query, wanted, sql)
    name = workload.name
    if request.workload is None:
        name = database.dsn.rpartition("/")[2] or database.dsn
    fingerprint = None
    if file is not None:
        described = workloads.describe_file(file).fingerprint
        fingerprint = described or workloads.content_fingerprint(file)
    info = WorkloadInfo(
        name=name,
        fingerprint=fingerprint,
        seed=workload.seed,
        keys=1 if keys is None else len(keys),
        rows=None,
        query=query.name,
        key_columns=query.column_names,
        remarks=remarks,
    )
    return Source(database, query, keys, info, server)


def _query(workload: Workload, wanted: Query | str | None) -> Query:
    if isinstance(wanted, Query):
        return wanted
    there = ", ".join(workload.queries)
    name = wanted or workload.query
    if name is None and len(workload.queries) == 1:
        name = next(iter(workload.queries))
    if name is None:
        if not workload.queries:
            raise ConfigError(
                f"workload {workload.name!r} has no query. Give one (--sql FILE --key COLUMN, or "
                "query=Query(...)), or add it to the workload's definition"
            )
        raise ConfigError(
            f"workload {workload.name!r} has several queries. Choose one of {there} (--query)"
        )
    if name not in workload.queries:
        raise ConfigError(
            f"unknown query {name!r} of workload {workload.name!r}; expected one of "
            f"{there or 'none: it has no queries'}"
        )
    return Query.from_definition(workload.queries[name])


def _named_database(workload: Workload) -> Database | None:
    if workload.dsn is None:
        return None
    settings = Settings.from_env()
    named = replace(settings.database, dsn=workload.dsn)
    return Database.from_env(replace(settings, database=named))


@contextmanager
def _local(workload: Workload, tell: Listener) -> Iterator[tuple[Database, str, Path]]:
    if workload.database is None and workload.generator is None:
        raise ConfigError(
            "there is nothing to read. Name a workload, a DuckDB file (--database) or a real "
            "Oracle (--dsn)"
        )
    # Imported here, because a replay of a real Oracle does not need DuckDB.
    from tracekit.testbed import LocalOracle

    def building(step: str, fraction: float) -> None:
        tell(ReplayProgress(f"build {workload.name}", fraction, step))

    with LocalOracle(workload, progress=building) as local:
        assert local.path is not None, "a workload has a file"
        yield local.database, local.banner, local.path
