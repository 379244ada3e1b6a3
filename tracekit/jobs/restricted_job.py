"""RQ jobs that run what this package lets them, whatever the store says."""

from __future__ import annotations

from typing import Any

from rq.job import Job


class RestrictedJob(Job):
    """A job without callbacks of its own choosing.

    RQ imports and calls the names it finds in a job's hash in Redis, so whoever can write to the
    store could run any code in the worker. A subclass says which function it runs, in `func`.
    """

    @property
    def failure_callback(self) -> Any:
        """None, whatever the store names."""
        return

    @property
    def success_callback(self) -> Any:
        """None, whatever the store names."""
        return

    @property
    def stopped_callback(self) -> Any:
        """None, whatever the store names."""
        return
