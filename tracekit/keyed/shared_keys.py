"""Make records that share one table of keys, if the interpreter allows it.

A dict that is the `__dict__` of an instance shares its keys with its siblings (PEP 412). Taken from
an instance that is then dropped it is a real `dict`, much smaller than a plain one. Python does not
guarantee this: on CPython 3.11 to 3.13 at most 29 keys are shared, and a larger dict costs twice a
plain one. So each kind of maker makes a trial record, and the smallest one wins.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat, starmap
from typing import Any

_FIRST_SLOTS = 30
_TRIALS = _FIRST_SLOTS + 10

RecordMaker = Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]
"""Takes the values of each column, in column order; returns a new record for each row."""


@lru_cache(maxsize=64)
def record_maker(columns: tuple[str, ...]) -> RecordMaker:
    """A function of whole columns that returns `dict(zip(columns, row))` for each row.

    It builds the dict in the way that gives the smallest trial record.
    """
    names = tuple(dict.fromkeys(columns))
    if not names or len(names) < len(columns):
        return _zipping(columns)  # the last value of a repeated name wins, at its first place
    build = _by_attributes if all(map(_is_plain_attribute, names)) else _by_items
    candidates = [build(names, tight=True), build(names, tight=False), _zipping(columns)]
    return min(candidates, key=lambda make: _trial_bytes(make, columns))


def _zipping(columns: tuple[str, ...]) -> RecordMaker:
    def make(cells: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]

    return make


def _by_attributes(names: tuple[str, ...], *, tight: bool) -> RecordMaker:
    targets = ", ".join(f"o.{name}" for name in names)
    return _compiled(f"[o.__dict__ for o, {targets} in zip(instances(), *cells)]", names, tight)


def _by_items(names: tuple[str, ...], *, tight: bool) -> RecordMaker:
    targets = ", ".join(f"d[{name!r}]" for name in names)
    return _compiled(f"[d for d, {targets} in zip(map(vars, instances()), *cells)]", names, tight)


def _compiled(records: str, names: tuple[str, ...], tight: bool) -> RecordMaker:
    # The loop itself assigns the values: a call for each row would take a quarter more time.
    # A class of its own for each set of columns: siblings share keys only with each other.
    shared = type("Shared", (), {})
    if tight:
        # CPython first gives a shared table 30 slots and takes one away for every instance made,
        # down to the keys it holds and a spare one. Taken away beforehand, the spare goes as well;
        # the last one is taken by the first record itself.
        for _ in range(_FIRST_SLOTS - len(names) - 1):
            shared()
    namespace: dict[str, Any] = {"instances": lambda: starmap(shared, repeat(()))}
    # Names reach the text as plain identifiers or as literals.
    exec(f"def make(cells): return {records}", namespace)  # noqa: S102
    make: RecordMaker = namespace["make"]
    return make


def _is_plain_attribute(name: str) -> bool:
    # ASCII, because the compiler folds other identifiers to their NFKC form.
    return (
        name.isascii()
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("__")
    )


def _trial_bytes(make: RecordMaker, columns: tuple[str, ...]) -> int:
    # Each of the first records of a class takes one slot of spare room out of the shared table.
    return sys.getsizeof(make([[None] * _TRIALS] * len(columns))[-1])
