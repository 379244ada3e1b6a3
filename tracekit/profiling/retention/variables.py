"""The names by which objects are held: variables, attributes, keys, closures."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

from tracekit.profiling.cell_names import cell_name, cell_number

_Suspended = (GeneratorType, CoroutineType, AsyncGeneratorType)
_PASSAGES = frozenset(
    {
        *_Suspended,
        CellType,
        FrameType,
        FunctionType,
        MappingProxyType,
        MethodType,
        ModuleType,
        TracebackType,
        asyncio.Task,
        classmethod,
        property,
        staticmethod,
    }
)
NOTEBOOK = "notebook"
_IPYTHON_ALIAS = re.compile(r"_+|_i+|_i?\d+|_[oid]h|Out|In")


@dataclass(frozen=True)
class Variable:
    """A name that holds an object, and the function, class or module that knows it."""

    name: str
    where: str = ""

    @property
    def rank(self) -> int:
        """Lower names are shown first: the user's own before those that IPython adds."""
        if _IPYTHON_ALIAS.fullmatch(self.name):
            return 4
        if self.where == NOTEBOOK:
            return int(self.name.startswith("Out["))
        return 3 if not self.name or self.name.startswith("_") or self.name == "self" else 2

    def __str__(self) -> str:
        return f"{self.name} in {self.where}" if self.where else self.name


def is_passage(value: Any, parent: Any) -> bool:
    """Whether reports show the variables in `value`, held by `parent`, instead of `value`."""
    if type(value) in _PASSAGES or issubclass(type(value), type):
        return True
    if type(value) is tuple:
        return type(parent) is FunctionType  # closures and defaults
    return type(value) is dict and (
        type(parent) in (FunctionType, ModuleType)
        or issubclass(type(parent), type)
        or issubclass(type(parent), threading.local)
        or value is attributes(parent)
    )


def attributes(value: Any) -> dict[str, Any] | None:
    """The `__dict__` of an instance, even if its class defines something else by that name."""
    if issubclass(type(value), type):
        return None
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:  # a user's class may do anything
        return None
    return found if type(found) is dict else None


def names_in(holder: Any, value: Any) -> list[str]:
    """The names by which `holder` itself refers to `value`."""
    return [name for name, found in _slots(holder) if found is value]


def keys_in(holder: Any, value: Any) -> list[str | int]:
    """The keys under which a dict has `value`, if they are texts or whole numbers."""
    if not issubclass(type(holder), dict):
        return []
    items = dict.items(holder)  # a class of the user's may do anything
    return [key for key, found in items if found is value and type(key) in (str, int)]


def place(holder: Any) -> str | None:
    """The scope of `holder`'s variables: a function, a class; None for other objects."""
    kind = type(holder)
    if kind is FrameType:
        return _function(holder.f_code, holder.f_lineno)
    if isinstance(holder, _Suspended):
        return _suspended_place(holder)
    if kind is MethodType:
        return place(holder.__func__)
    if kind is FunctionType:
        return f"function {_function(holder.__code__)}"
    if issubclass(kind, type):
        return f"class {type.__dict__['__qualname__'].__get__(holder)}"
    return None


def _suspended_place(holder: Any) -> str:
    code, frame = _of_suspended(holder, "code"), _of_suspended(holder, "frame")
    return _function(code, None if frame is None else frame.f_lineno)


def _of_suspended(holder: Any, part: str) -> Any:
    prefix = {GeneratorType: "gi", CoroutineType: "cr", AsyncGeneratorType: "ag"}[type(holder)]
    return getattr(holder, f"{prefix}_{part}")


def _function(code: CodeType, line: int | None = None) -> str:
    name = code.co_qualname.rpartition("<locals>.")[2]
    cell = cell_number(code.co_filename)
    file = PurePath(code.co_filename).name if cell is None else cell_name(cell)
    return f"{name} ({file}:{line or code.co_firstlineno})"


def _slots(holder: Any) -> Iterator[tuple[str, Any]]:
    kind = type(holder)
    if kind is FrameType:
        yield from holder.f_locals.items()
    elif kind is dict:
        yield from ((key, value) for key, value in holder.items() if type(key) is str)
    elif kind is FunctionType:
        yield from _function_slots(holder)
    elif kind is MethodType:
        yield "self", holder.__self__
    elif isinstance(holder, _Suspended):
        frame = _of_suspended(holder, "frame")
        yield from frame.f_locals.items() if frame is not None else ()
    elif issubclass(kind, type):
        yield from type.__dict__["__dict__"].__get__(holder).items()
    else:
        yield from (attributes(holder) or {}).items()
        for base in type.__dict__["__mro__"].__get__(kind):
            for name, slot in base.__dict__.items():
                if type(slot) is _MEMBER and not name.startswith("__"):
                    try:
                        yield name, slot.__get__(holder)
                    except AttributeError:  # never set
                        continue


def _function_slots(function: FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # empty
            continue
    defaults = function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    yield from zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


class _WithSlot:
    __slots__ = ("slot",)


_MEMBER = type(_WithSlot.__dict__["slot"])
