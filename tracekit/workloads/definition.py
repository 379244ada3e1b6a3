"""What a workload is made of: the TOML a person writes, checked, and the workload it names."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from tracekit.errors import WorkloadError

GENERATOR_VERSION = 1
"""Raised whenever the same definition would give other rows; it is part of the fingerprint."""

MOST_CIDS = 5_000_000
"""More would outgrow the places the generator gives to ids and names."""

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
    """`[share, fewest, most]`: this share of the CIDs has so many rows, each count as likely."""

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


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workload as its TOML file states it; nothing has a default, so a file says all."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    description: str
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    cids: Annotated[int, msgspec.Meta(ge=1, le=MOST_CIDS)]
    domains: Annotated[tuple[Domain, ...], msgspec.Meta(min_length=1)]
    """Domains with rows, the one replayed by default first; tables of no domain stay empty."""
    sysdate: Annotated[datetime.datetime, msgspec.Meta(tz=False)]
    """What SYSDATE is while the workload is replayed."""
    span_days: Annotated[int, msgspec.Meta(ge=2, le=36_500)]
    """All lots begin within so many days before SYSDATE."""
    route_days: Annotated[int, msgspec.Meta(ge=1, le=3650)]
    """All of a lot's transactions lie within so many days."""
    comment_width: tuple[Width, Width]
    """Fewest and most characters of a comment."""
    rows_per_cid: RowsPerCid
    jobs: Jobs
    rates: Rates
    cardinalities: Cardinalities

    @property
    def jobs_in_all(self) -> int:
        """Jobs the whole workload has."""
        return self.cids * self.jobs.per_1000_cids // 1000 if "jobs" in self.domains else 0


@dataclass(frozen=True)
class Workload:
    """A definition at one size."""

    name: str
    seed: int
    cids: int
    domains: tuple[str, ...]
    """Domains that have rows; the first is the one replayed by default."""
    sysdate: datetime.datetime
    fingerprint: str
    """SHA-256, hex, of everything that decides the rows: definition, size, generator version."""
    definition: Definition
    """With `cids` as given here."""


def parse(text: str, *, source: str, cids: int | None = None) -> Workload:
    """The workload that a TOML `text` defines, at `cids` CIDs or at its own size.

    Raises:
        WorkloadError: the text is no definition, contradicts itself, or cannot have so many CIDs;
            names `source`.
    """
    try:
        definition = msgspec.toml.decode(text, type=Definition)
    except msgspec.ValidationError as exc:
        raise WorkloadError(f"{source} is no workload definition: {exc}") from exc
    except (msgspec.DecodeError, ValueError) as exc:
        raise WorkloadError(f"{source} is no TOML: {exc}") from exc
    if cids is not None:
        if not 1 <= cids <= MOST_CIDS:
            raise WorkloadError(
                f"workload {definition.name!r} cannot have {cids:,} CIDs: "
                f"ask for 1 to {MOST_CIDS:,}"
            )
        definition = msgspec.structs.replace(definition, cids=cids)
    fault = next(_faults(definition), None)
    if fault:
        raise WorkloadError(f"{source}: {fault}")
    return Workload(
        name=definition.name,
        seed=definition.seed,
        cids=definition.cids,
        domains=definition.domains,
        sysdate=definition.sysdate,
        fingerprint=_fingerprint(definition),
        definition=definition,
    )


def _fingerprint(definition: Definition) -> str:
    # What people read (name, description) decides no row, but a renamed definition is another
    # workload to those who compare runs; only the description may change freely.
    decisive = msgspec.structs.replace(definition, description="")
    content = msgspec.json.encode((GENERATOR_VERSION, decisive), order="deterministic")
    return hashlib.sha256(content).hexdigest()


def _faults(definition: Definition) -> Iterator[str]:
    """What the types cannot forbid: each would make an order key equal, or a draw impossible."""
    rows = definition.rows_per_cid
    for name in rows.__struct_fields__:
        yield from _band_faults(f"rows_per_cid.{name}", getattr(rows, name), definition)
    yield from _band_faults("jobs.cids_per_job", definition.jobs.cids_per_job, definition)
    if any(band.fewest < 1 for band in definition.jobs.cids_per_job):
        yield "jobs.cids_per_job: a job names at least 1 CID"
    if definition.jobs_in_all * 60 > definition.span_days * 86_400:
        yield f"span_days = {definition.span_days}: no room for {definition.jobs_in_all:,} jobs"
    if definition.route_days >= definition.span_days:
        yield f"route_days = {definition.route_days}: must be below span_days"
    if len(set(definition.domains)) != len(definition.domains):
        yield "domains: one stands there twice"
    if definition.comment_width[0] > definition.comment_width[1]:
        yield f"comment_width = {list(definition.comment_width)}: the first is above the second"
    if definition.sysdate.microsecond:
        yield f"sysdate = {definition.sysdate}: Oracle's DATE has no fractions of a second"


def _band_faults(key: str, bands: tuple[Band, ...], definition: Definition) -> Iterator[str]:
    shares = sum(band.share for band in bands)
    if round(shares, 6) != 1:
        yield f"{key}: the shares of its bands add up to {shares:g}, not 1"
    for band in bands:
        if band.fewest > band.most:
            yield f"{key}: a band from {band.fewest} to {band.most} is empty"
        if band.most * 64 > definition.route_days * 86_400:
            yield f"{key}: {band.most} rows a CID leave no room in {definition.route_days} days"
