"""Two digest files side by side: the level at which they are equal, the drift, the differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tracekit.equality.cost import CostMeter
from tracekit.equality.digest_file import DigestFile, Footer
from tracekit.equality.refetched import Refetch, Refetched
from tracekit.equality.tally import Tally, merged
from tracekit.errors import ConfigError
from tracekit.records import CandidateProof, Drift, Level


def compare_digests(
    reference: Path,
    candidate: Path,
    *,
    required: Level = Level.VALUE,
    unordered: bool = False,
    key: str = "CONTAINERID",
    max_examples: int = 10,
    max_refetch_cids: int = 100,
    refetch: Refetch | None = None,
) -> CandidateProof:
    """The proof that two digest files state.

    Args:
        reference: The reference's digest file.
        candidate: The candidate's digest file.
        required: The level that `equal` asks for.
        unordered: Compare the records of a CID as a multiset.
        key: The column that holds the CID; a record moved to another CID is known by the others.
        max_examples: Most differences to show.
        max_refetch_cids: Most CIDs to fetch again.
        refetch: Fetches CIDs again; without it differences have a CID but no column. Its time
            counts as the proof's, its memory does not: that is the paths' own.

    Raises:
        ConfigError: a file cannot be read, or the files cannot be compared with each other.
    """
    meter = CostMeter()
    left, right = DigestFile(reference), DigestFile(candidate)
    if left.footer.python != right.footer.python:
        raise ConfigError(
            f"digests made by Python {left.footer.python} and {right.footer.python} cannot be "
            "compared; make both with the same version"
        )
    tally = Tally(limit=max_refetch_cids)
    for one, other in merged(left, right):
        tally.count(one, other, unordered)
    again = Refetched(tally, left.footer, right.footer, key=key, unordered=unordered)
    if refetch is not None and again.needed():
        again.fetch(refetch, meter)
    drift, sampled = again.drift()
    cost = meter.read()
    return CandidateProof(
        level=tally.level,
        equal=tally.level.reaches(required),
        required_level=required,
        drift=tuple(drift),
        different_cids=tally.different,
        missing_cids=tally.missing,
        extra_cids=tally.extra,
        examples=tuple(again.examples(max_examples)),
        equivalences=_equivalences(drift, tally, again),
        remarks=tuple(_remarks(tally, left.footer, right.footer, again, sampled)),
        prove_seconds=left.footer.seconds + right.footer.seconds + cost.seconds,
        prove_net_peak_bytes=max(
            left.footer.net_peak_bytes, right.footer.net_peak_bytes, cost.net_peak_bytes
        ),
    )


def _equivalences(drift: Sequence[Drift], tally: Tally, again: Refetched) -> tuple[str, ...]:
    names = {name for row in drift if row.equivalence for name in row.equivalence.split(", ")}
    if again.keys_reordered or (tally.level is Level.VALUE and again.orders_differ()):
        names.add("key order")
    if tally.reordered:
        names.add("record order")
    return tuple(sorted(names))


def _remarks(
    tally: Tally, reference: Footer, candidate: Footer, again: Refetched, sampled: Sequence[str]
) -> Iterator[str]:
    if reference.rows != candidate.rows:
        yield f"{reference.rows:,} records in the reference, {candidate.rows:,} in the candidate"
    if not reference.cids and not candidate.cids:
        yield "both results are empty"
    renamed = _renamed_columns(reference, candidate)
    if renamed:
        yield renamed
    if tally.reordered:
        yield f"{tally.reordered:,} CIDs have the same records in another order"
    if again.failure is not None:
        yield f"CIDs could not be fetched again: {again.failure}"
    if again.unsteady:
        yield (
            f"{len(again.unsteady):,} CIDs differed and were equal when fetched again "
            f"(first: {again.unsteady[0]!r}); the data or its order changes between fetches"
        )
    if tally.different > again.fetched:
        yield (
            f"{again.fetched:,} of {tally.different:,} different CIDs were fetched again; drift "
            "counts from column totals include the others"
        )
    if sampled:
        yield (
            f"column totals do not settle the drift of {', '.join(sampled)}; what is counted there "
            f"are cells of the {again.fetched:,} CIDs fetched again"
        )


def _renamed_columns(reference: Footer, candidate: Footer) -> str | None:
    gone = sorted(reference.columns.keys() - candidate.columns.keys())
    new = sorted(candidate.columns.keys() - reference.columns.keys())
    if not gone and not new:
        return None
    return f"columns only in the reference: {gone}; only in the candidate: {new}"
