"""CIDs: the ids of production lots, as people pass them and as queries take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

BATCH_SIZE = 1000
"""Most ids one query may bind: Oracle's limit of an IN list."""
_MANY = 100_000
_PARTS = 8
"""In so many passes repetitions are looked for among many ids, each among a part of them."""


def normalise_container_ids(container_ids: Iterable[object]) -> list[str]:
    """The CIDs meant: texts only, stripped, without empty ones and repetitions, order kept."""
    stripped = (cid.strip() for cid in container_ids if isinstance(cid, str))
    return _without_repetitions([cid for cid in stripped if cid])


def _without_repetitions(cids: list[str]) -> list[str]:
    if len(cids) < _MANY:
        return list(dict.fromkeys(cids))
    repeated: set[int] = set()
    for part in range(_PARTS):  # a table of all of them would be larger than all else of a stream
        seen: set[str] = set()
        for place, cid in enumerate(cids):
            if hash(cid) % _PARTS == part:
                if cid in seen:
                    repeated.add(place)
                seen.add(cid)
    if not repeated:
        return cids
    return [cid for place, cid in enumerate(cids) if place not in repeated]


def batches_of(container_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices of at most `BATCH_SIZE` ids, in order."""
    for start in range(0, len(container_ids), BATCH_SIZE):
        yield container_ids[start : start + BATCH_SIZE]
