"""The only kind of RQ job that a measuring worker runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rq.exceptions import DeserializationError
from rq.utils import import_attribute

from tracekit.errors import JobError
from tracekit.jobs.restricted_job import RestrictedJob

MEASUREMENT_FUNCTION = "tracekit.bench.on_workers.run_measurement"
"""A name, because the room with the function is above this one."""


class MeasurementJob(RestrictedJob):
    """Runs only `run_measurement`, whatever function or callback its hash in Redis names."""

    @property
    def request(self) -> Mapping[str, Any] | None:
        """The request; None for a job of another function or with other arguments."""
        try:
            if self.func_name != MEASUREMENT_FUNCTION or self.kwargs or len(self.args) != 1:
                return None
            [request] = self.args
        except (DeserializationError, TypeError, ValueError):
            return None
        return request if isinstance(request, dict) else None

    @property
    def func(self) -> Any:
        """`run_measurement`.

        Raises:
            JobError: the job names another function or other arguments.
        """
        if self.request is None:
            raise JobError(f"RQ job {self.id} is refused: it is not a measurement.")
        return import_attribute(MEASUREMENT_FUNCTION)
