"""Steps that run side by side, as many as the jobs and the memory allow."""

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
"""How often to check whether another step can start."""


class Stopped(TracekitError):
    """Raised in a step that is no longer needed."""


@dataclass(eq=False)
class Step:
    """One process at work, from its start to its end."""

    run: Callable[[], Sequence[Step]]
    """Does the work, and returns the next steps."""
    measured: bool = field(default=False, init=False)
    """Set when the rest of the work is no longer measured."""
    beside: bool = field(default=False, init=False)
    """Whether another step was at work while this one was measured."""


class SideBySide:
    """Runs steps, several at once if cores and memory allow.

    While the memory need of a step is unknown, one step runs alone.

    Args:
        jobs: Maximum number of steps at once.
        needed_bytes: Returns the memory one step may take; None while that is unknown.
        available_bytes: Returns the machine's free memory while no step runs.
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
        """Called by steps from time to time.

        Raises:
            Stopped: another step failed, or the user pressed Ctrl-C.
        """
        if self._stopped.is_set():
            raise Stopped

    def run(self, steps: Iterable[Step]) -> None:
        """Run `steps` in order, each one's follow-up steps directly after it.

        An error in one step ends the others, and so does an interrupt; nothing is left running.
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
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only on Linux
        return os.cpu_count() or 1
