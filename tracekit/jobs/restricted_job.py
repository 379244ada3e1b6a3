"""RQ jobs that run only what this package allows, whatever the store contains."""

from __future__ import annotations

from typing import Any

from rq.job import Job


class RestrictedJob(Job):
    """A job that cannot choose its callbacks.

    RQ imports and calls the names it finds in a job's hash in Redis, so anyone who can write to
    the store could run any code in the worker. A subclass defines the function to run, in `func`.
    """

    @property
    def failure_callback(self) -> Any:
        """None, whatever the store contains."""
        return

    @property
    def success_callback(self) -> Any:
        """None, whatever the store contains."""
        return

    @property
    def stopped_callback(self) -> Any:
        """None, whatever the store contains."""
        return
