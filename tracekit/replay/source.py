"""Where a replay reads: a database that is there, or a local Oracle started for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tracekit.errors import ConfigError
from tracekit.oracle import Database
from tracekit.records import WorkloadInfo
from tracekit.replay.container_ids import choose_container_ids
from tracekit.replay.environment import server_version
from tracekit.replay.progress import Listener, ReplayProgress

if TYPE_CHECKING:
    from tracekit import workloads

Workload: TypeAlias = "str | Path | workloads.Workload"


@dataclass(frozen=True)
class Source:
    """What is replayed, and from where."""

    database: Database
    container_ids: list[str]
    workload: WorkloadInfo
    """Without its rows, which nobody has counted yet."""
    server: str


@contextmanager
def open_source(
    workload: Workload | None,
    database: Database | None,
    *,
    cids: int | Sequence[str] | None,
    cids_sql: str | None,
    domain: str | None,
    tell: Listener,
) -> Iterator[Source]:
    """A ready source; a local Oracle that had to be started is stopped at the end.

    Raises:
        ConfigError: neither or both of workload and database are given, or there are no CIDs.
        WorkloadError: the workload is unknown or could not be built.
        ConnectError: no connection could be made.
    """
    if database is not None and workload is not None:
        raise ConfigError("a workload and a database were given; a replay reads one of them")
    if database is not None:
        ids = choose_container_ids(database, cids, cids_sql)
        name = database.dsn.rpartition("/")[2] or database.dsn
        info = WorkloadInfo(name, None, None, len(ids), None, domain or "history")
        yield Source(database, ids, info, server_version(database))
    elif workload is not None:
        with _local(workload, cids, cids_sql, domain, tell) as source:
            yield source
    else:
        raise ConfigError("nothing to replay: name a workload, or give a database")


@contextmanager
def _local(
    workload: Workload,
    cids: int | Sequence[str] | None,
    cids_sql: str | None,
    domain: str | None,
    tell: Listener,
) -> Iterator[Source]:
    # Imported here: a replay of a real Oracle needs no DuckDB.
    from tracekit.testbed import LocalOracle
    from tracekit.workloads import describe_file

    is_file = isinstance(workload, str | Path) and Path(workload).suffix in {".duckdb", ".db"}
    size = cids if isinstance(cids, int) and not is_file else None

    name = getattr(workload, "name", workload)

    def building(step: str, fraction: float) -> None:
        tell(ReplayProgress(f"build {name}", fraction, step))

    with LocalOracle(workload, cids=size, progress=building) as local:
        database = local.database
        ids = choose_container_ids(database, cids, cids_sql)
        if local.path is None:
            raise ConfigError("':memory:' is an empty database: there is nothing to replay in it")
        found = describe_file(local.path)
        info = WorkloadInfo(
            name=found.name or local.path.stem,
            fingerprint=found.fingerprint,
            seed=found.seed,
            cids=len(ids),
            rows=None,
            domain=domain or (found.domains or ("history",))[0],
        )
        yield Source(database, ids, info, local.banner)
