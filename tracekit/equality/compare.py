"""Compare two digest files: the level at which they are equal, the drift, the differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracekit.equality.cost import CostMeter
from tracekit.equality.digest_file import DigestFile, Footer
from tracekit.equality.labels import label, quoted, shown
from tracekit.equality.refetched import Refetch, Refetched
from tracekit.equality.schema_change import SchemaChange, compare_schemas
from tracekit.equality.tally import Tally, merged
from tracekit.errors import ConfigError
from tracekit.records import CandidateProof, Drift, Level


def compare_digests(
    reference: Path,
    candidate: Path,
    *,
    required: Level = Level.VALUE,
    unordered: bool = False,
    key: str | Sequence[Any] = (),
    max_examples: int = 10,
    max_refetch_keys: int = 100,
    refetch: Refetch | None = None,
) -> CandidateProof:
    """Make the proof from two digest files.

    Args:
        reference: The reference's digest file.
        candidate: The candidate's digest file.
        required: The level that `equal` requires.
        unordered: Compare the records of a key as a multiset.
        key: The key columns. A record that moved to another key is recognised by its other columns.
        max_examples: Maximum number of differences to show.
        max_refetch_keys: Maximum number of keys to fetch again.
        refetch: Fetches keys again; without it, differences have a key but no column. Its time
            counts towards the proof, its memory does not.

    Raises:
        ConfigError: a file cannot be read, or the files cannot be compared with each other.
    """
    meter = CostMeter()
    columns = frozenset(map(label, [key] if isinstance(key, str) else key))
    left, right = DigestFile(reference), DigestFile(candidate)
    if left.footer.python != right.footer.python:
        raise ConfigError(
            f"digests made by Python {left.footer.python} and {right.footer.python} cannot be "
            "compared. Make both with the same version"
        )
    tally = Tally(limit=max_refetch_keys)
    for one, other in merged(left, right):
        tally.count(one, other, unordered)
    schemas = compare_schemas(left.footer, right.footer)
    tally.level = min(tally.level, schemas.level, key=lambda level: level.strictness)
    again = Refetched(tally, left.footer, right.footer, key_columns=columns, unordered=unordered)
    if refetch is not None and again.needed():
        again.fetch(refetch, meter)
    drift, sampled = again.drift()
    cost = meter.read()
    return CandidateProof(
        level=tally.level,
        equal=tally.level.reaches(required),
        required_level=required,
        drift=tuple(replace(row, column=shown(row.column)) for row in drift),
        different_keys=tally.different,
        missing_keys=tally.missing,
        extra_keys=tally.extra,
        examples=tuple(again.examples(max_examples)),
        equivalences=_equivalences(drift, tally, again, schemas),
        remarks=(*_remarks(tally, left.footer, right.footer, again, sampled), *schemas.remarks),
        prove_seconds=left.footer.seconds + right.footer.seconds + cost.seconds,
        prove_net_peak_bytes=max(
            left.footer.net_peak_bytes, right.footer.net_peak_bytes, cost.net_peak_bytes
        ),
    )


def _equivalences(
    drift: Sequence[Drift], tally: Tally, again: Refetched, schemas: SchemaChange
) -> tuple[str, ...]:
    names = {name for row in drift if row.equivalence for name in row.equivalence.split(", ")}
    if again.columns_reordered or (tally.level is Level.VALUE and again.orders_differ()):
        names.add("column order")
    if tally.reordered:
        names.add("record order")
    return tuple(sorted({*names, *schemas.equivalences}))


def _remarks(
    tally: Tally, reference: Footer, candidate: Footer, again: Refetched, sampled: Sequence[str]
) -> Iterator[str]:
    if reference.rows != candidate.rows:
        yield f"{reference.rows:,} records in the reference, {candidate.rows:,} in the candidate"
    if not reference.rows and not candidate.rows and tally.level is not Level.DIFFERENT:
        yield "both results are empty"
    renamed = _renamed_columns(reference, candidate)
    if renamed:
        yield renamed
    if tally.without_columns:
        yield (
            f"{tally.without_columns:,} keys have no records; only one side says with which columns"
        )
    if tally.reordered:
        yield f"{tally.reordered:,} keys have the same records in another order"
    if again.failure is not None:
        yield f"the differences are not shown: {again.failure}"
    if again.unsteady:
        yield (
            f"{len(again.unsteady):,} keys differed but were equal when fetched again "
            f"(first: {quoted(again.unsteady[0])}); data or order changes between fetches"
        )
    if again.cut:
        yield (
            "only differences near the first one are shown; name the key columns (key= or --key) "
            "to see those of every key"
        )
    elif tally.different > again.fetched:
        yield (
            f"{again.fetched:,} of {tally.different:,} different keys were fetched again; drift "
            "counts from column totals include the others"
        )
    if sampled:
        yield (
            f"column totals do not determine the drift of {', '.join(map(shown, sampled))}; its "
            f"counts are those of the {again.fetched:,} keys fetched again"
        )


def _renamed_columns(reference: Footer, candidate: Footer) -> str | None:
    before = reference.columns.keys() | reference.schema.columns.keys()
    after = candidate.columns.keys() | candidate.schema.columns.keys()
    if before == after or not before or not after:
        return None
    gone, new = (", ".join(map(quoted, sorted(each))) for each in (before - after, after - before))
    return (
        f"columns only in the reference: {gone or 'none'}; only in the candidate: {new or 'none'}"
    )
