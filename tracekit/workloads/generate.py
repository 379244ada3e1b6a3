"""Make a workload's tables inside DuckDB; the SQL beside this module does the work."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import duckdb
import msgspec

from tracekit.workloads.definition import GENERATOR_VERSION, Band, Workload

Progress = Callable[[str, float], None]
"""Called with what is being done and the part of the whole that is done, 0.0 to 1.0."""

_STEPS = (
    ("names", "names", 0.0),
    ("lots", "container ids", 0.02),
    ("container", "DW_MES_CONTAINER", 0.06),
    ("spec_workcenter", "DW_MES_SPEC_WORKCENTER_V", 0.09),
    ("history", "DW_MES_LOTWIPHISTORY", 0.10),
    ("materials", "DW_MES_LOTMATERIALSHISTORY", 0.70),
    ("rejects", "DW_MES_LOTREJECTHISTORY", 0.83),
    ("holds", "DW_MES_HOLDRELEASEHISTORY", 0.90),
    ("jobs", "DW_MES_JOB", 0.94),
)
"""SQL file, what it makes, and the part of the time that went before it."""

_DOMAINS_OF_TABLE = {
    "history": {"history", "upstream_history"},
    "materials": {"materials"},
    "rejects": {"rejects", "downstream_rejects"},
    "holds": {"holds"},
}


def generate(connection: duckdb.DuckDBPyConnection, workload: Workload, progress: Progress) -> None:
    """Make schema DWH with all tables of `workload`, and the row that describes them.

    Every table is stored in the order of its container ids (jobs and specs: of their own ids).
    The rows depend on the workload alone: not on machine, thread count or DuckDB version.

    Raises:
        duckdb.Error: DuckDB could not do it.
    """
    connection.execute("CREATE SCHEMA DWH")
    connection.execute(_sql("macros"))
    for name, value in _variables(workload).items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    for step, label, done in _STEPS:
        progress(label, done)
        connection.execute(_sql(step))
    _describe(connection, workload)


def _sql(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _variables(workload: Workload) -> dict[str, Any]:
    """What the SQL reads with `getvariable`."""
    definition = workload.definition
    rows = definition.rows_per_cid
    counts = {
        name: _quantiles(getattr(rows, name)) if domains & set(definition.domains) else [0]
        for name, domains in _DOMAINS_OF_TABLE.items()
    }
    counts["job_cids"] = _quantiles(definition.jobs.cids_per_job)
    epoch = datetime.datetime(1970, 1, 1)
    cardinalities: dict[str, int] = msgspec.structs.asdict(definition.cardinalities)
    rates: dict[str, float] = msgspec.structs.asdict(definition.rates)
    return {
        "seed": definition.seed,
        "cids": definition.cids,
        "sysdate_second": int((definition.sysdate - epoch).total_seconds()),
        "span_seconds": definition.span_days * 86_400,
        "route_seconds": definition.route_days * 86_400,
        "comment_width": list(definition.comment_width),
        "jobs": definition.jobs_in_all,
        "lots_per_work_order": cardinalities.pop("lots_per_work_order"),
        "cardinalities": cardinalities,
        "rates": {name: round(rate * 1_000_000) for name, rate in rates.items()},
        "counts": counts,
    }


def _quantiles(bands: Sequence[Band]) -> list[int]:
    """1,000 equally likely row counts that follow the bands."""
    quantiles: list[int] = []
    below = 0.0
    for band in bands:
        below += band.share
        width = round(below * 1000) - len(quantiles)
        span = band.most - band.fewest + 1
        quantiles += [band.fewest + nth * span // width for nth in range(width)]
    return quantiles


def _describe(connection: duckdb.DuckDBPyConnection, workload: Workload) -> None:
    connection.execute("CREATE SCHEMA TRACEKIT_META")
    connection.execute(
        "CREATE TABLE TRACEKIT_META.WORKLOAD (NAME VARCHAR, FINGERPRINT VARCHAR, SEED BIGINT,"
        " CIDS BIGINT, SYSDATE TIMESTAMP_S, GENERATOR_VERSION BIGINT, DEFINITION VARCHAR)"
    )
    connection.execute(
        "INSERT INTO TRACEKIT_META.WORKLOAD VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            workload.name,
            workload.fingerprint,
            workload.seed,
            workload.cids,
            workload.sysdate,
            GENERATOR_VERSION,
            msgspec.json.encode(workload.definition).decode(),
        ],
    )
