"""Retry after a connection fault, without duplicating or losing a row.

Only whole pieces of work are retried, and only if no row of them was returned: a query without a
row so far, or a batch of keys of which no row left the fetch. Each attempt opens its own connection
and runs the whole query again, so all its rows come from one consistent statement.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, wait_exponential, wait_random

from tracekit.errors import ConfigError, ConnectError, FetchError
from tracekit.oracle.connection_faults import is_connection_fault

T = TypeVar("T")

_LONGEST_WAIT_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Retry:
    """Retries work whose connection failed, with exponential back-off.

    Waits start at `wait_ms` and double, each with up to `wait_ms` of random jitter, so that workers
    that lost their connections together do not reconnect together. Each retry is logged as a
    warning. Safe to share between threads.

    Args:
        attempts: Number of retries of one piece of work; 0 for none. A database that was never
            reached is retried only once, because its address is probably wrong.
        wait_ms: The first wait in milliseconds.
        max_seconds: No retry starts later than this after the first fault.
        clock: Returns seconds.

    Raises:
        ConfigError: `attempts` is below 0, or another is below 1.
    """

    def __init__(
        self,
        attempts: int,
        wait_ms: int,
        max_seconds: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, value, least in (
            ("retry_attempts", attempts, 0),
            ("retry_wait_ms", wait_ms, 1),
            ("retry_max_seconds", max_seconds, 1),
        ):
            if value < least:
                raise ConfigError(f"{name}={value!r}: expected a whole number of at least {least}")
        self.attempts = attempts
        self.wait_ms = wait_ms
        self.max_seconds = max_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._reached = False

    @property
    def count(self) -> int:
        """Number of retries so far, over all threads."""
        return self._count

    def reached(self) -> None:
        """Record that the database answered."""
        self._reached = True

    def call(
        self,
        work: Callable[[], T],
        *,
        unseen: Callable[[], bool] = lambda: True,
        pause: Callable[[float], None] = time.sleep,
    ) -> T:
        """Run `work` and return its result; run all of it again if its connection failed.

        Args:
            work: Opens its own connection, and closes it on an error.
            unseen: Called after a connection fault: whether nobody has seen any of what `work`
                read. If False, the error is raised.
            pause: Waits the given number of seconds; it may raise to give up.

        Raises:
            ConnectError: the database could not be reached; `retries` is the number of retries.
            FetchError: likewise, for a query.
        """
        if self.attempts == 0:
            return work()
        attempts = _Attempts(self, unseen, self._clock)
        wait = self.wait_ms / 1000
        retrying = Retrying(
            sleep=pause,
            retry=attempts.are_worth_another,
            wait=wait_exponential(wait, max=_LONGEST_WAIT_SECONDS) + wait_random(0, wait),
            stop=attempts.are_enough,
            before_sleep=self._note,
            reraise=True,
        )
        try:
            return retrying(work)
        finally:
            # It holds references to its own methods: a cycle that would keep `unseen` and what it
            # refers to alive, for each batch of ids, until the cyclic collector runs.
            retrying.iter_state.reset()

    def most_attempts(self) -> int:
        """Number of retries that make sense now."""
        return self.attempts if self._reached else min(1, self.attempts)

    def _note(self, state: RetryCallState) -> None:
        with self._lock:
            self._count += 1
        error = state.outcome.exception() if state.outcome else None
        _log.warning(
            "%s Retrying in %.1f s, attempt %d of %d.",
            error,
            state.upcoming_sleep,
            state.attempt_number,
            self.most_attempts(),
        )


class _Attempts:
    """The attempts at one piece of work."""

    def __init__(
        self, retry: Retry, unseen: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._retry = retry
        self._unseen = unseen
        self._clock = clock
        self._first_fault: float | None = None

    def are_worth_another(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, ConnectError | FetchError):
            return False
        error.retries = state.attempt_number - 1
        if not is_connection_fault(error):
            return False
        if self._first_fault is None:
            self._first_fault = self._clock()
        return self._unseen()

    def are_enough(self, state: RetryCallState) -> bool:
        if state.attempt_number > self._retry.most_attempts():
            return True
        assert self._first_fault is not None
        next_begins = self._clock() + state.upcoming_sleep
        return next_begins - self._first_fault > self._retry.max_seconds
