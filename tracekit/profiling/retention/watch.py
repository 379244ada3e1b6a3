"""Find the retention once in a run: at a number of rows, at a size, or at its end."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tracekit import process_memory
from tracekit.errors import ConfigError, ProfileError
from tracekit.profiling.retention.forked import retention
from tracekit.records.retention import Retention

_AT = re.compile(r"(?P<unit>rows|peak):(?P<percent>\d{1,3})%")
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class At:
    """A point in a run, as a share of an earlier run's figures."""

    unit: str
    """`rows`, as the driver hands them out, or `peak`, the resident memory above the baseline."""
    percent: int

    @classmethod
    def parse(cls, text: str) -> At:
        """Parse a text like `rows:90%` or `peak:90%`.

        Raises:
            ConfigError: it has another form.
        """
        found = _AT.fullmatch(text)
        if found is None or not 1 <= int(found["percent"]) <= 100:
            raise ConfigError(
                f"{text!r} is not a point in a run. Write it like rows:90% or peak:90%"
            )
        return cls(found["unit"], int(found["percent"]))

    def __str__(self) -> str:
        return f"{self.unit}:{self.percent}%"

    def trigger(self, rows: int | None, net_peak_bytes: int | None) -> Trigger:
        """The point in figures, for a run like one of `rows` and `net_peak_bytes`."""
        whole = rows if self.unit == "rows" else net_peak_bytes
        reached = None if not whole else max(1, whole * self.percent // 100)
        if self.unit == "rows":
            return Trigger(str(self), rows=reached)
        return Trigger(str(self), net_bytes=reached)


@dataclass(frozen=True)
class Trigger:
    """When to take the retention; at the end of the run if neither figure is reached."""

    name: str
    rows: int | None = None
    net_bytes: int | None = None
    """Resident memory above that at the start of the run."""


class RetentionWatch:
    """Takes the retention of this process once during a run.

    Args:
        trigger: When to take it.
        tell: Called with the result, or with why there is none.

    Raises:
        ProfileError: the baseline could not be taken.
    """

    def __init__(self, trigger: Trigger, tell: Callable[[Retention | str], None]) -> None:
        self._trigger = trigger
        self._tell = tell
        self._taken = threading.Lock()
        self._ended = threading.Event()
        self._baseline = retention()
        self._thread = threading.Thread(target=self._look, name="tracekit-retention", daemon=True)

    def start(self) -> None:
        """The run starts."""
        self._begun_bytes = process_memory.resident_bytes()
        if self._trigger.net_bytes is not None:
            self._thread.start()

    def rows(self, count: int) -> None:
        """The run has read this many rows."""
        if self._trigger.rows is not None and count >= self._trigger.rows:
            self._take(self._trigger.name)

    def end(self) -> None:
        """The run has ended, and its result is still alive."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._take("the end of the run")

    def _look(self) -> None:
        assert self._trigger.net_bytes is not None
        while not self._ended.wait(_LOOK_SECONDS):
            if process_memory.resident_bytes() - self._begun_bytes >= self._trigger.net_bytes:
                self._take(self._trigger.name)
                return

    def _take(self, taken_at: str) -> None:
        if self._taken.acquire(blocking=False):  # never released: only once
            try:
                self._tell(retention(baseline=self._baseline, taken_at=taken_at))
            except ProfileError as exc:
                self._tell(str(exc))
