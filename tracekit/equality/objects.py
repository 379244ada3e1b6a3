"""Objects that declare their content: dataclasses and similar, enums, containers."""

from __future__ import annotations

import array
import collections
import copyreg
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import pathlib
import re
import types
import uuid
import zoneinfo
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from tracekit.equality.forms import Fields, Forms, Kind, StandsFor

Rule = Callable[[Any], Forms | StandsFor | Fields]


def name_of(kind: type) -> str:
    """The module and name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def object_rule(kind: type) -> Rule | None:
    """How to read values of `kind`; None for a type that does not declare its content."""
    for found in (_exact_type(kind), _declared(kind), _derived(kind), _container(kind)):
        if found is not None:
            return found
    return None


_TOLD_BY_REPR: tuple[type, ...] = (
    complex,
    uuid.UUID,
    fractions.Fraction,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
    datetime.timezone,
    zoneinfo.ZoneInfo,
)
"""Types whose `repr` is complete."""


def _exact_type(kind: type) -> Rule | None:
    if kind in _TOLD_BY_REPR:
        name = name_of(kind)
        return lambda value: Forms(Kind(name, name), (name, repr(value)))
    if kind is range:
        return lambda value: Fields("range", {"values": (len(value), *value[:2])})
    if kind is array.array:
        return lambda value: StandsFor(f"array.array[{value.typecode}]", value.tolist())
    if kind is re.Pattern:
        return lambda value: Fields("re.Pattern", {"pattern": value.pattern, "flags": value.flags})
    if issubclass(kind, pathlib.PurePath):
        return lambda value: Fields(name_of(kind), {"path": str(value)})
    return None


def _declared(kind: type) -> Rule | None:
    if issubclass(kind, enum.Enum) and not issubclass(kind, int | str | float | bytes):
        return lambda value: Fields(name_of(kind), {"name": value.name, "value": value.value})
    declares = (
        dataclasses.is_dataclass(kind)
        or kind is types.SimpleNamespace
        or any(hasattr(kind, each) for each in ("__attrs_attrs__", "__struct_fields__"))
        or hasattr(kind, "__pydantic_fields__")
    )
    return (lambda value: Fields(name_of(kind), _attributes(value))) if declares else None


def _attributes(value: Any) -> dict[str, object]:
    """An instance's attributes by name, without cached properties."""
    kind = type(value)
    slots = getattr(copyreg, "_slotnames")(kind)  # noqa: B009 (undocumented, used by pickle)
    names = [*slots, *getattr(value, "__dict__", ())]
    found = {
        name: getattr(value, name)
        for name in names
        if not name.startswith("__")
        and hasattr(value, name)
        and not isinstance(getattr(kind, name, None), functools.cached_property)
    }
    return {**found, **(getattr(value, "__pydantic_extra__", None) or {})}


def _plain_datetime(value: datetime.datetime) -> datetime.datetime:
    return datetime.datetime.combine(
        datetime.date(value.year, value.month, value.day), value.timetz()
    )


_BASES: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, lambda value: bytes(memoryview(value))),
    (decimal.Decimal, decimal.Decimal),
    (datetime.datetime, _plain_datetime),
    (datetime.date, lambda value: datetime.date(value.year, value.month, value.day)),
    (datetime.timedelta, lambda value: datetime.timedelta(0) + value),
    (dict, lambda value: dict(dict.items(value))),
    (list, list.copy),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
)


def _derived(kind: type) -> Rule | None:
    """How to read a class derived from a built-in one, with the attributes of its instances."""
    for base, plain_of in _BASES:
        if issubclass(kind, base):
            return functools.partial(_as_base, name_of(kind), plain_of)
    return None


def _as_base(name: str, plain_of: Callable[[Any], object], value: Any) -> StandsFor | Fields:
    plain = plain_of(value)
    own = {} if isinstance(value, enum.Enum) else _attributes(value)
    return Fields(name, {**own, "": plain}) if own else StandsFor(name, plain)


def _container(kind: type) -> Rule | None:
    if kind is collections.deque:
        return lambda value: StandsFor("collections.deque", list(value))
    name = name_of(kind)
    if issubclass(kind, Mapping):
        return lambda value: StandsFor(name, dict(value.items()))
    if issubclass(kind, Set):
        return lambda value: StandsFor(name, set(value))
    if issubclass(kind, Sequence):
        return lambda value: StandsFor(name, list(value))
    return None
