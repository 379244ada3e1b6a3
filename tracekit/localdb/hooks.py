"""Where a session asks before it goes on, so that a fault can strike exactly there."""

from __future__ import annotations


class SessionHooks:
    """Lets everything pass; subclasses make faults.

    Every method runs in the session's own thread, may block (a slow database), raise `OraError`
    (the client gets that error) or `ConnectionClosed` (the client's connection drops).
    """

    def before_login(self, user: str) -> None:
        """`user` has shown the right password and is about to be let in."""

    def before_call(self, function: str) -> None:
        """A request was read whole and is about to be carried out; `function` is its name."""

    def before_rows(self, sent: int, wanted: int) -> int:
        """How many of the next rows of a result may go before this is asked again; at least 1.

        Args:
            sent: rows of this result that went out so far.
            wanted: rows that could go now, at least 1.
        """
        return wanted
