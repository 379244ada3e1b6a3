"""The state of a program that a fork would lose, recorded just before it."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
from dataclasses import dataclass
from itertools import compress
from types import FrameType
from typing import Any

_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Code of these kinds is never a thread's outermost."""


@dataclass(frozen=True)
class Moment:
    """The state of the program just before it is forked."""

    stacks: tuple[tuple[str, tuple[FrameType, ...]], ...]
    """The name of each thread, and its calls, innermost first; the main thread's name is empty."""
    exceptions: tuple[Any, ...]
    """The exceptions being handled."""
    thread_locals: tuple[tuple[Any, list[Any]], ...]
    """Each `threading.local` and the variables that threads have in it."""
    modules: tuple[tuple[str, Any], ...]


def this_moment(frame: FrameType, *, thread_locals: bool) -> Moment:
    """Record what a fork would lose; `frame` is where the calling thread's own stack starts.

    Args:
        frame: The calling thread's frame.
        thread_locals: Whether to look for what threads keep in a `threading.local`. The search
            lists all objects of the process, eight bytes each, in the process's own memory.
    """
    locals_found = tuple(_thread_locals() if thread_locals and threading.active_count() > 1 else ())
    modules = tuple(sys.modules.items())
    exceptions = [
        exception[1] if isinstance(exception, tuple) else exception
        for exception in sys._current_exceptions().values()
    ]
    # Last, because other threads continue until the fork.
    stacks = _stacks(frame)
    while any(calls[-1].f_code.co_flags & _SUSPENDED for _, calls in stacks):
        stacks = _stacks(frame)
    return Moment(
        stacks,
        tuple(exception for exception in exceptions if exception is not None),
        locals_found,
        modules,
    )


def _stacks(frame: FrameType) -> tuple[tuple[str, tuple[FrameType, ...]], ...]:
    """All calls of all threads.

    If a generator yields in the middle of this, it no longer knows its caller, and its thread's
    other calls are missing.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    names[threading.main_thread().ident] = ""
    here = threading.get_ident()
    return tuple(
        (names.get(ident, str(ident)), _calls(frame if ident == here else top))
        for ident, top in sys._current_frames().items()
    )


def _calls(innermost: FrameType) -> tuple[FrameType, ...]:
    frames = [innermost]
    while (caller := frames[-1].f_back) is not None:
        frames.append(caller)
    return tuple(frames)


def _thread_locals() -> list[tuple[Any, list[Any]]]:
    """An object of `threading.local` holds a dict of the dicts that all threads have in it."""
    kinds = {threading.local, *threading.local.__subclasses__()}
    objects = gc.get_objects()
    found = list(compress(objects, map(kinds.__contains__, map(type, objects))))
    del objects
    return [
        (
            local,
            [
                values
                for each in gc.get_referents(local)
                if type(each) is dict
                for values in each.values()
            ],
        )
        for local in found
    ]
