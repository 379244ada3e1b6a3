"""How large a mapping of records is, each object counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from sys import getsizeof
from typing import Any


def deep_size_bytes(events: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """Bytes of `events`: the mapping, keys, lists, records, keys and values by `sys.getsizeof`.

    An object that is in several places counts once; values must be flat (texts, numbers, dates),
    as records hold. The key table that lean records share is not in it, nor is what an allocator
    adds by rounding up.
    """
    seen: set[int] = set()
    total = getsizeof(events)
    for key, records in events.items():
        keys = chain.from_iterable(records)
        values = chain.from_iterable(record.values() for record in records)
        by_id = {id(one): one for one in chain((key, records), records, keys, values)}
        fresh = by_id.keys() - seen
        seen |= fresh
        total += sum(getsizeof(by_id[one]) for one in fresh)
    return total
