"""Steps that run side by side: as many as there are jobs for, and memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from tracekit.errors import TracekitError
from tracekit.profiling import available_memory_bytes

_LOOK_SECONDS = 0.2
"""How often to look whether another step can begin."""


class Stopped(TracekitError):
    """Tells a step that nobody waits for it any more."""


@dataclass(eq=False)
class Step:
    """One process at work, from its start to its end."""

    run: Callable[[], Sequence[Step]]
    """Does the work, and says which steps can be made after it."""
    measured: bool = field(default=False, init=False)
    """To be set once what is left of the work is not measured any more."""
    beside: bool = field(default=False, init=False)
    """Whether another step was at work while this one was measured."""


class SideBySide:
    """Makes steps, several at once where cores and memory allow.

    One step is made alone while nobody knows what a step needs.

    Args:
        jobs: Most steps at once.
        needed_bytes: Says what one step may take; None while that is not known.
        available_bytes: Says what the machine has to give while no step runs.
    """

    def __init__(
        self,
        jobs: int,
        needed_bytes: Callable[[], int | None],
        available_bytes: Callable[[], int] = available_memory_bytes,
    ) -> None:
        self._jobs = jobs
        self._needed_bytes = needed_bytes
        self._available_bytes = available_bytes
        self._free_bytes = 0
        self._stopped = threading.Event()

    def check_stopped(self) -> None:
        """To be called by steps now and then.

        Raises:
            Stopped: another step failed, or somebody pressed Ctrl-C.
        """
        if self._stopped.is_set():
            raise Stopped

    def run(self, steps: Iterable[Step]) -> None:
        """Make `steps` in their order, those that follow from one directly after it.

        An error of one ends the others, and so does an interrupt; nothing is left running.
        """
        waiting = deque(steps)
        running: dict[Future[Sequence[Step]], Step] = {}
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="tracekit-step") as pool:
            try:
                while waiting or running:
                    while waiting and self._has_room(len(running)):
                        step = waiting.popleft()
                        _mark(step, running.values())
                        running[pool.submit(step.run)] = step
                    done, _ = wait(running, _LOOK_SECONDS, return_when=FIRST_COMPLETED)
                    for future in done:
                        del running[future]
                        waiting.extendleft(reversed(future.result()))
            except BaseException:
                self._stopped.set()
                raise

    def _has_room(self, running: int) -> bool:
        if running == 0:
            self._free_bytes = self._available_bytes()
            return True
        if running >= self._jobs:
            return False
        needed = self._needed_bytes()
        return needed is not None and (running + 1) * needed <= self._free_bytes


def _mark(step: Step, running: Collection[Step]) -> None:
    for other in running:
        step.beside = True
        other.beside |= not other.measured


def usual_jobs() -> int:
    """As many as there are cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        return os.cpu_count() or 1
