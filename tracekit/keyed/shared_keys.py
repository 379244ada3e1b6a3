"""Constructors of records that share one table of keys, where the interpreter allows it.

A dict that is the `__dict__` of an instance shares its keys with its siblings (PEP 412). Taken from
an instance that is then dropped it is a real `dict`, much smaller than a plain one. Python does not
guarantee this: on CPython 3.11 to 3.13 at most 29 keys are shared, and a larger dict costs twice a
plain one. So each kind of constructor makes a trial record, and the smallest one wins.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

_FIRST_SLOTS = 30
_TRIALS = _FIRST_SLOTS + 10

Constructor = Callable[..., dict[str, Any]]
"""Takes one value per column, in column order; returns a new record."""


@lru_cache(maxsize=64)
def record_constructor(columns: tuple[str, ...]) -> Constructor:
    """A function of one value per column that returns `dict(zip(columns, values))`.

    Of the ways to build that dict this takes the one whose trial record is smallest.
    """
    names = tuple(dict.fromkeys(columns))
    if len(names) < len(columns):  # the last value of a repeated name wins, at its first place
        return _zipping(columns)
    build = _by_attributes if all(map(_is_plain_attribute, names)) else _by_items
    candidates = [build(names, tight=True), build(names, tight=False), _zipping(columns)]
    return min(candidates, key=lambda make: _trial_bytes(make, columns))


def _zipping(columns: tuple[str, ...]) -> Constructor:
    def make(*values: Any) -> dict[str, Any]:
        return dict(zip(columns, values, strict=True))

    return make


def _by_attributes(names: tuple[str, ...], *, tight: bool) -> Constructor:
    lines = [f"    o.{name} = v{index}" for index, name in enumerate(names)]
    return _compiled(["    o = Shared()", *lines, "    return o.__dict__"], names, tight)


def _by_items(names: tuple[str, ...], *, tight: bool) -> Constructor:
    lines = [f"    d[names[{index}]] = v{index}" for index in range(len(names))]
    return _compiled(["    d = Shared().__dict__", *lines, "    return d"], names, tight)


def _compiled(body: Sequence[str], names: tuple[str, ...], tight: bool) -> Constructor:
    parameters = ", ".join(f"v{index}" for index in range(len(names)))
    source = "\n".join([f"def make({parameters}):", *body])
    # A class of its own for each set of columns: siblings share keys only with each other.
    shared = type("Shared", (), {})
    if tight:
        # CPython first gives a shared table 30 slots and takes one away for every instance made,
        # down to the keys it holds and a spare one. Taken away beforehand, the spare goes as well;
        # the last one is taken by the first record itself.
        for _ in range(_FIRST_SLOTS - len(names) - 1):
            shared()
    namespace: dict[str, Any] = {"Shared": shared, "names": names}
    exec(source, namespace)  # noqa: S102 - only names that _is_plain_attribute passes reach the text
    make: Constructor = namespace["make"]
    return make


def _is_plain_attribute(name: str) -> bool:
    # ASCII, because the compiler folds other identifiers to their NFKC form.
    return (
        name.isascii()
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("__")
    )


def _trial_bytes(make: Constructor, columns: tuple[str, ...]) -> int:
    # Each of the first records of a class takes one slot of spare room out of the shared table.
    values = (None,) * len(columns)
    return sys.getsizeof([make(*values) for _ in range(_TRIALS)][-1])
