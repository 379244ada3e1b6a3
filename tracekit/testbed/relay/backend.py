"""The relay as a backend of the local Oracle: a session of its own for every client."""

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
        arguments: What `oracledb.connect` takes.
        observer: Is shown what passes.
    """

    def __init__(self, arguments: Mapping[str, Any], observer: Observer) -> None:
        self._arguments = dict(arguments)
        self._observer = observer
        self._sessions: set[RelaySession] = set()
        self._lock = threading.Lock()

    @property
    def banner(self) -> str:
        """What the environment record calls this server."""
        return "tracekit relay"

    def has_clone(self, name: str) -> bool:
        """There are none."""
        return False

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> RelaySession:
        """A new session; it connects when it is first used."""
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
