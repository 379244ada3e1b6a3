"""CIDs: the ids of production lots, as the legacy system took them."""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.keyed.keys import distinct


def normalise_container_ids(container_ids: Iterable[object]) -> list[str]:
    """Normalise CIDs: only text, stripped, without empty ones and duplicates, in their order.

    Like the legacy system this drops everything that is not text, for requests from its clients.
    `KeyedFetcher` drops nothing.
    """
    stripped = (cid.strip() for cid in container_ids if isinstance(cid, str))
    return distinct([cid for cid in stripped if cid])
