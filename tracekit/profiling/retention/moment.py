"""What a fork would lose of a program, noted just before it."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import dataclass
from itertools import compress
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class Moment:
    """What the program knows of itself just before it is forked."""

    stacks: tuple[tuple[str, FrameType], ...]
    """The name of each thread, and where it is; the empty name is the main thread's."""
    exceptions: tuple[Any, ...]
    """Those being handled."""
    thread_locals: tuple[tuple[Any, list[Any]], ...]
    """Each `threading.local` and the variables that threads have in it."""
    modules: tuple[tuple[str, Any], ...]


def this_moment(frame: FrameType, *, thread_locals: bool = True) -> Moment:
    """Note what a fork would lose; `frame` is where the calling thread's own stack begins.

    Args:
        frame: of the calling thread.
        thread_locals: to look for what threads keep in a `threading.local`. The search lists all
            objects of the process, eight bytes each, in the process's own memory.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    names[threading.main_thread().ident] = ""
    here = threading.get_ident()
    stacks = [
        (names.get(ident, str(ident)), frame if ident == here else top)
        for ident, top in sys._current_frames().items()
    ]
    exceptions = [
        exception[1] if isinstance(exception, tuple) else exception
        for exception in sys._current_exceptions().values()
    ]
    return Moment(
        tuple(stacks),
        tuple(exception for exception in exceptions if exception is not None),
        tuple(_thread_locals() if thread_locals and len(stacks) > 1 else []),
        tuple(sys.modules.items()),
    )


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
