"""Read keys that differ again, on both sides, in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tracekit.equality.stretch import MOST_RECORDS, Records, first_stretches
from tracekit.errors import ConfigError

LabelledPieces = Iterator[tuple[str, Sequence[Mapping[Any, Any]]]]
"""Some records of a key, in order, with the key's label."""


def look_again(
    labels: Sequence[str], sides: Sequence[Callable[[], LabelledPieces]], *, unordered: bool
) -> tuple[Records, Records]:
    """The records of some keys on both sides; if very many, only where they start to differ.

    Args:
        labels: The labels of the keys.
        sides: Functions that read each side again.
        unordered: Whether the records of a key have no order.

    Raises:
        ConfigError: there are too many to compare without an order.
    """
    one, other = (_records_of(labels, side()) for side in sides)
    if one is not None and other is not None:
        return one, other
    if unordered:
        raise ConfigError(
            f"they are among more than {MOST_RECORDS:,} records without an order. Name the "
            "key columns (key= or --key)"
        )
    first, second = (_records_of_key(labels[0], side()) for side in sides)
    return first_stretches(labels[0], first, second)


def _records_of(labels: Sequence[str], pieces: LabelledPieces) -> Records | None:
    """Records by label; None if there are too many to compare one by one."""
    found: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    wanted, count = set(labels), 0
    for key, records in pieces:
        if key in wanted:
            count += len(records)
            if count > MOST_RECORDS:
                return None
            found[key].extend(records)
    return found


def _records_of_key(wanted: str, pieces: LabelledPieces) -> Iterator[Sequence[Mapping[Any, Any]]]:
    return (records for key, records in pieces if key == wanted)
