"""Where a session asks before it continues, so that a fault can strike exactly there."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tracekit.errors import TracekitError


class Manner(Enum):
    """How a connection is cut off."""

    CLOSED = "what is ready goes out, then the connection ends"
    IN_ROW = "so does half of the next row"
    IN_PACKET = (
        "what is ready goes out but for the end of the last packet, then the connection ends"
    )
    SILENT = "what is ready goes out, then nothing more is answered until the client leaves"


class Cut(TracekitError):
    """Raised by a hook: the connection is to be cut off here."""

    def __init__(self, manner: Manner) -> None:
        super().__init__(manner.value)
        self.manner = manner


class SessionHooks:
    """Lets everything pass; subclasses make faults.

    Every method runs in the session's own thread, may block (a slow database), raise `OraError`
    (the client gets that error) or `Cut` (the client's connection ends).
    """

    def begin(self, check: Callable[[], None]) -> None:
        """A client's socket was accepted; a hook that blocks calls `check` again and again.

        Args:
            check: Raises when the client broke off the call or went away.
        """

    def before_connect(self) -> None:
        """A connect that would succeed is about to be; an `OraError`'s number refuses it."""

    def before_login(self, user: str) -> None:
        """`user` has shown the right password and is about to be let in."""

    def before_call(self, function: str) -> None:
        """A request was read whole and is about to be carried out; `function` is its name."""

    def before_statement(self, sql: str) -> None:
        """The call is about to parse, execute or fetch from `sql`; its rows come next."""

    def before_rows(self, sent: int, wanted: int) -> int:
        """How many of the next rows of a result may go before this is asked again; at least 1.

        Args:
            sent: Rows of this result that went out so far.
            wanted: Rows that could go now; 0 at the result's end, where no answer is needed.
        """
        return wanted
