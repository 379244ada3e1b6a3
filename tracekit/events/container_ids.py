"""CIDs: the ids of production lots, as people pass them and as queries take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

BATCH_SIZE = 1000
"""Most ids one query may bind: Oracle's limit of an IN list."""


def normalise_container_ids(container_ids: Iterable[object]) -> list[str]:
    """The CIDs meant: texts only, stripped, without empty ones and repetitions, order kept."""
    stripped = (cid.strip() for cid in container_ids if isinstance(cid, str))
    return list(dict.fromkeys(cid for cid in stripped if cid))


def batches_of(container_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices of at most `BATCH_SIZE` ids, in order."""
    for start in range(0, len(container_ids), BATCH_SIZE):
        yield container_ids[start : start + BATCH_SIZE]
