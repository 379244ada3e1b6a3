"""Parameters of the trace generator: distributions, rates and cardinalities, checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from tracekit.errors import WorkloadError
from tracekit.workloads import Workload

MOST_CIDS = 5_000_000
"""More would not fit the generator's ids and names."""

Domain = Literal[
    "history",
    "materials",
    "rejects",
    "holds",
    "jobs",
    "upstream_history",
    "downstream_rejects",
]

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Names = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
"""A number of names, all of which are held in memory while building."""
Width = Annotated[int, msgspec.Meta(ge=1, le=4000)]


class Band(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`[share, fewest, most]`: this share of the CIDs has fewest to most rows, equally likely."""

    share: Rate
    fewest: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    most: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class RowsPerCid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Distribution of the rows a CID has in each base table."""

    history: tuple[Band, ...]
    materials: tuple[Band, ...]
    rejects: tuple[Band, ...]
    holds: tuple[Band, ...]


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs belong to equipment, so their number is given for all CIDs together."""

    per_1000_cids: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    cids_per_job: tuple[Band, ...]


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of rows; a name that ends in `_null` is the share of NULLs in that column."""

    track_out_null: Rate
    """Visits still in process: TRACKOUTTIMESTAMP and TRACKOUTQTY are NULL."""
    partial_track_out: Rate
    """Visits with two or three recorded track-outs, of which the queries keep the latest."""
    equipment_null: Rate
    finished_runcard_null: Rate
    pj_type_null: Rate
    pj_function_null: Rate
    product_line_null: Rate
    wafer_lot_null: Rate
    loss_reason_null: Rate
    reject_text_null: Rate
    reject_equipment_null: Rate
    reject_comment_null: Rate
    reject_quantity_null: Rate
    still_held: Rate
    """Holds without a release."""
    hold_comment_null: Rate
    release_comment_null: Rate
    ncr_null: Rate
    job_code_null: Rate
    symptom_null: Rate


class Cardinalities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many different names there are of each kind, whatever the number of CIDs."""

    equipment: Names
    specs: Names
    products: Count
    product_types: Names
    bops: Names
    wafer_lots: Count
    material_parts: Names
    material_lots: Count
    employees: Names
    hold_reasons: Names
    loss_reasons: Names
    job_codes: Names
    lots_per_work_order: Count


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workload's `parameters`; nothing has a default, so a definition says all."""

    domains: Annotated[tuple[Domain, ...], msgspec.Meta(min_length=1)]
    """Domains with rows; tables of no domain stay empty."""
    span_days: Annotated[int, msgspec.Meta(ge=2, le=36_500)]
    """All lots start within this many days before SYSDATE."""
    route_days: Annotated[int, msgspec.Meta(ge=1, le=3650)]
    """All of a lot's transactions are within this many days."""
    comment_width: tuple[Width, Width]
    """Fewest and most characters of a comment."""
    rows_per_cid: RowsPerCid
    jobs: Jobs
    rates: Rates
    cardinalities: Cardinalities

    def jobs_in_all(self, cids: int) -> int:
        """Jobs the whole workload has."""
        return cids * self.jobs.per_1000_cids // 1000 if "jobs" in self.domains else 0


def parameters_of(workload: Workload) -> Parameters:
    """The parameters of a trace workload.

    Raises:
        WorkloadError: they are malformed, contradict themselves, or there are too many CIDs.
    """
    what = f"workload {workload.name!r}"
    try:
        parameters = msgspec.convert(dict(workload.parameters), Parameters)
    except msgspec.ValidationError as exc:
        raise WorkloadError(f"{what}: parameters: {exc}") from exc
    fault = next(_faults(workload, parameters), None)
    if fault:
        raise WorkloadError(f"{what}: {fault}")
    return parameters


def _faults(workload: Workload, parameters: Parameters) -> Iterator[str]:
    """What the types cannot forbid: each would make an order key equal, or a draw impossible."""
    cids, sysdate = workload.size or 0, workload.sysdate
    if not 1 <= cids <= MOST_CIDS:
        yield f"size = {cids:,}: expected 1 to {MOST_CIDS:,} CIDs"
    if sysdate is None:
        yield "sysdate is missing: ages are counted from it"
    elif sysdate.microsecond:
        yield f"sysdate = {sysdate}: Oracle's DATE has no fractions of a second"
    jobs = parameters.jobs_in_all(cids)
    rows = parameters.rows_per_cid
    for name in rows.__struct_fields__:
        yield from _band_faults(f"rows_per_cid.{name}", getattr(rows, name), parameters)
    yield from _band_faults("jobs.cids_per_job", parameters.jobs.cids_per_job, parameters)
    if any(band.fewest < 1 for band in parameters.jobs.cids_per_job):
        yield "jobs.cids_per_job: a job must name at least 1 CID"
    if jobs * 60 > parameters.span_days * 86_400:
        yield f"span_days = {parameters.span_days}: no room for {jobs:,} jobs"
    if parameters.route_days >= parameters.span_days:
        yield f"route_days = {parameters.route_days}: must be below span_days"
    if len(set(parameters.domains)) != len(parameters.domains):
        yield "domains: one is listed twice"
    if parameters.comment_width[0] > parameters.comment_width[1]:
        yield f"comment_width = {list(parameters.comment_width)}: the first is above the second"


def _band_faults(key: str, bands: tuple[Band, ...], parameters: Parameters) -> Iterator[str]:
    shares = sum(band.share for band in bands)
    if round(shares, 6) != 1:
        yield f"{key}: the shares of its bands add up to {shares:g}, not 1"
    for band in bands:
        if band.fewest > band.most:
            yield f"{key}: a band from {band.fewest} to {band.most} is empty"
        if band.most * 64 > parameters.route_days * 86_400:
            yield f"{key}: {band.most} rows a CID leave no room in {parameters.route_days} days"
