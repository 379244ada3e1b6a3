"""Keys as people pass them and as statements take them: checked, distinct, in batches."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed.query import Key, Query

_BINDABLE = (str, int, float, Decimal, date, timedelta, bytes)  # a datetime is a date
_MANY = 100_000
_PARTS = 8
"""Duplicates among many keys are searched in this many passes, each over a part of the keys."""


def batches_of(keys: Iterable[Any] | None, query: Query) -> list[Sequence[Key]]:
    """The distinct keys in their given order, in batches of one statement each.

    For a query that takes no keys it is a single empty batch.

    Args:
        keys: Values the driver can bind; numpy and Arrow scalars count as the Python values they
            hold. For several key columns, each key is a sequence of that many values.
        query: The query they are for.

    Raises:
        ConfigError: a key cannot be bound or cannot match (None, NaN, an empty text), or keys are
            given to a query that takes none, or missing for one that does; a query limits its rows
            and the keys do not fit into one statement.
    """
    if not query.takes_keys:
        if keys is not None:
            raise ConfigError(
                f"query {query.name!r} has neither a key column nor (:keys) in its text, so it "
                "takes no keys. Give it a key column, or leave the keys out."
            )
        return [()]
    found = checked_keys(keys, query)
    size = query.keys_per_statement
    if len(found) > size and query.row_limit:
        raise ConfigError(
            f"query {query.name!r} limits its rows with {query.row_limit}, and {len(found):,} keys "
            f"take {-(-len(found) // size):,} statements of {size:,} keys, each limited on its "
            "own. Limit the rows of each key (ROW_NUMBER() OVER (PARTITION BY key ...)), ask for "
            "fewer keys, or raise keys_per_statement (--keys-per-statement)"
        )
    return [found[start : start + size] for start in range(0, len(found), size)]


def checked_keys(keys: Iterable[Any] | None, query: Query) -> list[Key]:
    """The distinct keys of a query that takes keys, in their given order.

    Raises:
        ConfigError: as `batches_of`, but for the limit of rows.
    """
    if keys is None:
        raise ConfigError(f"query {query.name!r} needs keys, and none were given")
    if isinstance(keys, str | bytes):
        raise ConfigError(f"keys={keys!r}: expected a list of keys, not one text")
    if not isinstance(keys, Iterable):
        raise ConfigError(f"keys={keys!r}: expected a list of keys, such as [{keys!r}]")
    given = list(keys)
    if not (query.key_width == 1 and set(map(type, given)) <= {str} and all(given)):
        given = [_checked(key, query) for key in given]
    return distinct(given)


def _checked(key: Any, query: Query) -> Key:
    if query.key_width == 1:
        return _bindable(key, query)
    if isinstance(key, str) or not isinstance(key, Sequence) or len(key) != query.key_width:
        raise ConfigError(
            f"key {key!r} of query {query.name!r}: expected {query.key_width} values, for "
            f"{', '.join(query.column_names)}"
        )
    return tuple(_bindable(part, query) for part in key)


def _bindable(value: Any, query: Query) -> Hashable:
    plain = _plain(value)
    if isinstance(plain, _BINDABLE):
        if plain not in ("", b"") and plain == plain:  # NaN and NaT alone differ from themselves
            found: Hashable = plain
            return found
    elif plain is not None and type(plain).__name__ != "NAType":
        raise ConfigError(
            f"key {value!r} of query {query.name!r} is a {type(value).__name__}, which the driver "
            "cannot bind. Convert it to text, a number, a date, a datetime or bytes."
        )
    raise ConfigError(
        f"key {value!r} of query {query.name!r} is NULL in Oracle and matches no row. Leave it "
        "out, or fetch such rows with a separate query."
    )


def _plain(value: Any) -> Any:
    """What a scalar of Arrow or numpy holds."""
    if hasattr(value, "as_py"):
        return value.as_py()
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic) or value.dtype.kind in "mM":
        return value  # the item() of a time of nanoseconds would be a bare integer
    return value.item()


def distinct(keys: list[Key]) -> list[Key]:
    """The keys without duplicates, in their order; the list itself if it has none."""
    if len(keys) < _MANY:
        return list(dict.fromkeys(keys))
    repeated: set[int] = set()
    for part in range(_PARTS):  # a set of all of them would be larger than the rest of a stream
        seen: set[Key] = set()
        for place, key in enumerate(keys):
            if hash(key) % _PARTS == part:
                if key in seen:
                    repeated.add(place)
                seen.add(key)
    if not repeated:
        return keys
    return [key for place, key in enumerate(keys) if place not in repeated]
