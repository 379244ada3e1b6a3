"""The relay as a backend of the local Oracle."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from tracekit.localdb.backend import NOTHING
from tracekit.testbed.relay.session import Observer, RelaySession
from tracekit.testbed.relay.upstream import Upstream


class RelayBackend:
    """Opens a connection to the real database for every client.

    Args:
        arguments: The arguments of `oracledb.connect`.
        observer: Observes the traffic.
    """

    def __init__(self, arguments: Mapping[str, Any], observer: Observer) -> None:
        self._arguments = dict(arguments)
        self._observer = observer
        self._sessions: set[RelaySession] = set()
        self._lock = threading.Lock()

    @property
    def banner(self) -> str:
        """The server's name in the environment record."""
        return "tracekit relay"

    def has_clone(self, name: str) -> bool:
        """False: the relay has no clones."""
        return False

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> RelaySession:
        """Open a session; it connects on first use."""
        user = str(self._arguments["user"]).upper()
        session = RelaySession(lambda: Upstream(self._arguments), user, self._observer)
        with self._lock:
            self._sessions = {one for one in self._sessions if not one.closed} | {session}
        return session

    def close(self) -> None:
        """Close all sessions."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()
