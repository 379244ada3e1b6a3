"""CIDs: the ids of production lots, as the legacy system took them."""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.keyed.keys import distinct


def normalise_container_ids(container_ids: Iterable[object]) -> list[str]:
    """The CIDs meant: texts only, stripped, without empty ones and repetitions, order kept.

    The legacy system dropped whatever is no text; so does this, for requests that come from its
    clients. Keys of one's own go to `KeyedFetcher`, which drops nothing.
    """
    stripped = (cid.strip() for cid in container_ids if isinstance(cid, str))
    return distinct([cid for cid in stripped if cid])
