"""`tracekit.measure`: the cost of one function, which may take a connection, keys and a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.experiment.given import Given
from tracekit.keyed import Key, Query
from tracekit.oracle import Database
from tracekit.profiling.measure import Measurement, measure_call_of


def measure(
    function: Callable[..., object],
    *,
    database: Database | None = None,
    keys: Sequence[Key] | None = None,
    query: Query | None = None,
    repeat: int = 1,
    memory_limit: int | str | None = None,
    profile: bool = True,
    children: bool = False,
    warm_up: Callable[[], object] | None = None,
    result: bool = False,
    retention: bool = False,
    at: str = "peak:90%",
    timeout_seconds: float | None = None,
    capture: str | Path | None = None,
) -> Measurement:
    """Call `function` in a fresh process, again under memray, and return what it cost.

    A function defined in a notebook or script is sent to the process by value. The modules it
    needs are imported and its connection is opened before the baseline is taken. If it returns a
    generator, the generator is drained.

    Args:
        function: The function to measure. Its parameters, matched by name, can be `connection`,
            `database`, `dsn`, `user`, `password`, `keys`, `query` and `binds`.
        database: The database it reads; the process opens its own connection.
        keys: The value of its parameter `keys`.
        query: The value of its parameter `query`.
        repeat: How often to run it without memray; the figures are those of the run with the
            median net peak.
        memory_limit: Limit of the process's private memory, in bytes or as text like `"2GiB"`.
        profile: Also run it under memray, for the heap peak and the call stacks.
        children: Include the processes that it starts.
        warm_up: Called before the baseline is taken, for imports and caches that should not count.
        retention: Run it again and report which variables keep its memory alive.
        at: When to look at retention, as a share of the net peak.
        result: Keep what the function returned, sent back by pickle.
        timeout_seconds: Time limit of each process; a process that takes longer is ended.
        capture: memray's file, which must not exist; by default one in the runs folder.

    Raises:
        ConfigError: an argument is invalid, or the function cannot be sent.
        ProfileError: no process could be started, `capture` exists, or the disk is full.
    """
    bound = _Bound(function, database, keys, query, warm_up)
    return measure_call_of(
        bound,
        bound.open,
        name=str(getattr(function, "__name__", "call")),
        secrets=database.secrets if database is not None else {},
        repeat=repeat,
        memory_limit=memory_limit,
        profile=profile,
        children=children,
        result=result,
        retention=retention,
        at=at,
        timeout_seconds=timeout_seconds,
        capture=capture,
    )


class _Bound:
    """A function to be sent to another process, with its arguments there."""

    def __init__(
        self,
        function: Callable[..., object],
        database: Database | None,
        keys: Sequence[Key] | None,
        query: Query | None,
        warm_up: Callable[[], object] | None,
    ) -> None:
        if not callable(function):
            raise ConfigError(f"measure({function!r}): expected a function")
        if database is not None and not isinstance(database, Database):
            raise ConfigError(
                f"database={database!r}: expected a Database, such as LocalOracle(FILE).database"
            )
        self._function = function
        self._arguments = database.plain_arguments if database is not None else None
        self._keys = None if keys is None else list(keys)
        self._query = query
        self._warm_up = warm_up
        self._given: Given | None = None

    def open(self, **secrets: Any) -> None:
        """Open what the function needs, and warm up."""
        database = None if self._arguments is None else Database(**self._arguments, **secrets)
        name = str(getattr(self._function, "__qualname__", self._function))
        self._given = Given(self._function, database, self._query, name=name)
        if self._warm_up is not None:
            self._warm_up()

    def __call__(self) -> object:
        assert self._given is not None, "it is opened first"
        return self._given(self._keys)
