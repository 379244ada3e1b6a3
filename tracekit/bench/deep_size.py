"""The size of a mapping of records, with each object counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from sys import getsizeof
from typing import Any


def deep_size_bytes(events: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """Sum of `sys.getsizeof` over `events`: the mapping, its keys and lists, the records' contents.

    An object in several places counts once. Values must be flat (texts, numbers, dates). The key
    table that lean records share does not count, and neither does an allocator's rounding up.
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
