"""Hooks in a session, where faults can be injected."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tracekit.errors import TracekitError


class Manner(Enum):
    """How a connection is cut off."""

    CLOSED = "the connection ends after the data that are ready"
    IN_ROW = "the connection ends after half of the next row"
    IN_PACKET = "the connection ends in the middle of the last packet that is ready"
    SILENT = "nothing is answered after the data that are ready, until the client disconnects"


class Cut(TracekitError):
    """Raised by a hook to cut off the connection."""

    def __init__(self, manner: Manner) -> None:
        super().__init__(manner.value)
        self.manner = manner


class SessionHooks:
    """Hooks that do nothing; subclasses inject faults.

    Every method runs in the session's own thread. It may block (a slow database), raise `OraError`
    (the client gets that error) or raise `Cut` (the client's connection ends).
    """

    def begin(self, check: Callable[[], None]) -> None:
        """Called when a client's socket is accepted.

        Args:
            check: Raises an exception if the client sent a break or disconnected. A blocking hook
                must call it repeatedly.
        """

    def before_connect(self) -> None:
        """Called before a connect succeeds; an `OraError` refuses it with its number."""

    def before_login(self, user: str) -> None:
        """Called before `user`, who has proved the right password, is logged on."""

    def before_call(self, function: str) -> None:
        """Called before a request is run; `function` is its name."""

    def before_statement(self, sql: str) -> None:
        """Called before a call parses, executes or fetches from `sql`."""

    def before_rows(self, sent: int, wanted: int) -> int:
        """The number of rows, at least 1, that may be sent before this is called again.

        Args:
            sent: The number of rows of this result that were sent.
            wanted: The number of rows that are ready; 0 at the end of the result, where the return
                value is ignored.
        """
        return wanted
