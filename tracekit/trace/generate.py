"""Generate the trace workload's tables inside DuckDB, by the SQL files next to this module."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import duckdb
import msgspec

from tracekit.trace.parameters import Band, parameters_of
from tracekit.workloads import Progress, Workload, declare_type

VERSION = 3
"""Increased whenever the same workload would give other rows; part of the fingerprint."""

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

_DECLARED_TYPES = {
    "CONTAINERID": "CHAR(16)",
    "EQUIPMENTID": "CHAR(16)",
    "WORKCENTERSEQUENCE_GROUP": "VARCHAR2(255)",
}

_DOMAINS_OF_TABLE = {
    "history": {"history", "upstream_history"},
    "materials": {"materials"},
    "rejects": {"rejects", "downstream_rejects"},
    "holds": {"holds"},
}


def build(connection: duckdb.DuckDBPyConnection, workload: Workload, progress: Progress) -> None:
    """Make schema DWH with all tables of `workload`.

    Every table is stored in the order of its container ids (jobs and specs: of their own ids).
    The rows depend on the workload alone: not on machine, thread count or DuckDB version.

    Raises:
        WorkloadError: the workload's parameters are invalid.
        duckdb.Error: DuckDB failed.
    """
    variables = _variables(workload)
    connection.execute("CREATE SCHEMA DWH")
    connection.execute(_sql("macros"))
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    for step, label, done in _STEPS:
        progress(label, done)
        connection.execute(_sql(step))
    for table, column, oracle_type in _declared(connection):
        declare_type(connection, f"DWH.{table}", column, oracle_type)


def _declared(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str]]:
    """Columns that the legacy system's tables declare otherwise than DuckDB's text says."""
    found = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'DWH'"
        " ORDER BY ALL"
    ).fetchall()
    for table, column in found:
        if column in _DECLARED_TYPES:
            yield table, column, _DECLARED_TYPES[column]


def _sql(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _variables(workload: Workload) -> dict[str, Any]:
    """What the SQL reads with `getvariable`."""
    parameters = parameters_of(workload)
    assert workload.size is not None and workload.sysdate is not None, "parameters_of checked them"
    rows = parameters.rows_per_cid
    counts = {
        name: _quantiles(getattr(rows, name)) if domains & set(parameters.domains) else [0]
        for name, domains in _DOMAINS_OF_TABLE.items()
    }
    counts["job_cids"] = _quantiles(parameters.jobs.cids_per_job)
    epoch = datetime.datetime(1970, 1, 1)
    cardinalities: dict[str, int] = msgspec.structs.asdict(parameters.cardinalities)
    rates: dict[str, float] = msgspec.structs.asdict(parameters.rates)
    return {
        "seed": workload.seed,
        "cids": workload.size,
        "sysdate_second": int((workload.sysdate - epoch).total_seconds()),
        "span_seconds": parameters.span_days * 86_400,
        "route_seconds": parameters.route_days * 86_400,
        "comment_width": list(parameters.comment_width),
        "jobs": parameters.jobs_in_all(workload.size),
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
