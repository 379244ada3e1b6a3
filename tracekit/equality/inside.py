"""The first place where two nested values differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tracekit.equality.canonical import canonical
from tracekit.equality.foreign import foreign_rule
from tracekit.equality.forms import Fields, StandsFor, same_value
from tracekit.equality.objects import object_rule

Differs = Callable[[object, object], bool]


class Inside(NamedTuple):
    """A part of two nested values."""

    where: str
    """Its place as Python code: `[500]['QTY']`."""
    reference: object
    candidate: object


class Absent:
    """A part that one side does not have."""

    def __str__(self) -> str:
        return "nothing"


def value_differs(left: object, right: object) -> bool:
    """Whether two values are not equal at level value."""
    if isinstance(left, Absent) or isinstance(right, Absent):
        return True
    return not same_value(canonical(left), canonical(right))


def form_differs(left: object, right: object) -> bool:
    """Whether two values are not exactly equal."""
    if value_differs(left, right):
        return True
    return canonical(left)[2:] != canonical(right)[2:]


def first_inside(left: object, right: object, differs: Differs) -> Inside | None:
    """The first parts that differ; None if a side has no parts or none of them differ."""
    parts, others = _parts(left), _parts(right)
    if parts is None or others is None:
        return None
    for key in {**parts, **others}:
        one, other = parts.get(key, Absent()), others.get(key, Absent())
        if differs(one, other):
            deeper = first_inside(one, other, differs)
            where = f"[{key!r}]"
            return (
                deeper._replace(where=where + deeper.where) if deeper else Inside(where, one, other)
            )
    return None


def _parts(value: Any) -> dict[Any, object] | None:
    kind = type(value)
    if kind is dict:
        return value  # type: ignore[no-any-return]
    if kind in (list, tuple):
        return dict(enumerate(value))
    rule = foreign_rule(kind) or object_rule(kind)
    found = rule(value) if rule else None
    if isinstance(found, Fields):
        return dict(found.fields)
    plain = found.plain if isinstance(found, StandsFor) else None
    return _parts(plain) if type(plain) in (dict, list, tuple) else None
