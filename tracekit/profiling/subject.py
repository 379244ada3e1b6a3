"""Something that can be measured: it is prepared, run, and then reports facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

Outcome = TypeVar("Outcome")

Report = Callable[[int, int], None]
"""`report(rows, keys)`: total progress of the run; cheap, and safe to call from any thread."""


class Subject(ABC, Generic[Outcome]):
    """Something to measure, made by a factory in the child process.

    The child calls, in this order: `prepare`, `run` (the only part that is measured), `finish`
    (in the plain child only) and `close`.
    """

    def prepare(self) -> None:
        """Import, connect and warm up; what this leaves in memory is part of the baseline."""

    @abstractmethod
    def run(self, report: Report) -> Outcome:
        """Do the work to be measured and return its result."""

    def finish(self, outcome: Outcome) -> Mapping[str, Any]:
        """Facts about `outcome` as JSON values; called after the peak was read."""
        return {}

    def close(self) -> None:
        """Close connections and files."""
