"""A callable as a subject: sent to the child in a file; its result comes back in another."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.profiling.subject import Report, Subject

UNSENT = "unsent"
"""The key, in the values of `finish`, for why the result could not be sent back."""


@dataclass(frozen=True)
class Call:
    """The call that is sent to the child."""

    function: Callable[[], object]
    warm_up: Callable[..., object]

    def write(self, file: Path) -> None:
        """Write to `file`, functions of a notebook or script by value.

        Raises:
            ConfigError: something that the function needs cannot be sent to another process.
        """
        import cloudpickle

        try:
            file.write_bytes(cloudpickle.dumps(self))
        except Exception as exc:  # whatever the user's objects raise
            raise ConfigError(
                f"{_name(self.function)} cannot be sent to the measured process: "
                f"{type(exc).__name__}: {exc}. Open connections and files inside the function."
            ) from exc


class CallSubject(Subject[Any]):
    """Calls the function in `call`.

    Args:
        call: The file that `Call.write` wrote.
        result: The file to write the result to; None drops it.
        secrets: Given to its warm-up.
    """

    def __init__(self, call: str, result: str | None, **secrets: str) -> None:
        self._secrets = secrets
        self._call = Path(call)
        self._result = result
        self._function: Callable[[], object] | None = None

    def prepare(self) -> None:
        """Load the function, with the modules it needs, and warm up."""
        call: Call = pickle.loads(self._call.read_bytes())  # noqa: S301 - our parent wrote it
        call.warm_up(**self._secrets)
        self._function = call.function

    def run(self, report: Report) -> Any:
        """Call the function; a generator it returns is drained."""
        assert self._function is not None
        found = self._function()
        if not isinstance(found, Generator):
            return found
        for piece in found:
            del piece
        return None

    def finish(self, outcome: Any) -> Mapping[str, Any]:
        """Send the result back, if requested."""
        if self._result is None:
            return {}
        import cloudpickle

        try:
            Path(self._result).write_bytes(cloudpickle.dumps(outcome))
        except Exception as exc:  # whatever the user's objects raise
            return {UNSENT: f"{type(exc).__name__}: {exc}"}
        return {}


def _name(function: Callable[..., object]) -> str:
    return str(getattr(function, "__qualname__", function))
