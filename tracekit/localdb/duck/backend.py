"""Opening a DuckDB file, or an empty database, as what the session layer serves."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from tracekit.errors import ConnectError
from tracekit.localdb.backend import NOTHING
from tracekit.localdb.duck.database import Databases
from tracekit.localdb.duck.session import DuckSession
from tracekit.localdb.ora_error import OraError

DEFAULT_SCHEMA = "DWH"
DEFAULT_MEMORY_LIMIT = "160MB"
DEFAULT_THREADS = 1
"""DuckDB's own; the thread that reads a result works too. Few, for each holds memory."""


class DuckBackend:
    """The database of one server process; see `open_backend`."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._numbers = itertools.count(1)
        self._sessions: dict[DuckSession, str] = {}
        self._lock = threading.Lock()

    @property
    def banner(self) -> str:
        """What the environment record calls this server."""
        return f"local Oracle (duckdb {duckdb.__version__})"

    def has_clone(self, name: str) -> bool:
        """Whether there is a clone of this name, letter case aside."""
        return self._databases.find(name.upper()) is not None

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> DuckSession:
        """A new session whose current schema is `schema`, in the main database or in a clone.

        Args:
            schema: Resolves unqualified names.
            clone: Name of a clone, or empty.
            client: What SYS_CONTEXT('USERENV', ...) tells of the client.

        Raises:
            OraError: ORA-12514, the clone is gone.
        """
        database = self._databases.find(clone.upper()) if clone else self._databases.main
        if database is None:
            raise OraError(12514, f"there is no service {clone}")
        session = DuckSession(database, schema, next(self._numbers), self._forget, client)
        with self._lock:
            self._sessions[session] = clone.upper()
        return session

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection to the main database, for what no session does."""
        return self._databases.main.connect(DEFAULT_SCHEMA)

    def clone(self, name: str) -> None:
        """Make a private copy of the main database, for sessions that ask for it by name.

        Raises:
            ConnectError: there is one of this name, or it cannot be a name.
        """
        if not name.isidentifier() or not name.isascii():
            raise ConnectError(f"clone {name!r}: expected letters, digits and underscores")
        self._databases.clone(name.upper())

    def drop_clone(self, name: str) -> None:
        """Close a clone's sessions and free it; an unknown one is ignored."""
        with self._lock:
            sessions = [one for one, clone in self._sessions.items() if clone == name.upper()]
        for session in sessions:
            session.interrupt()
            session.close()
        self._databases.drop_clone(name.upper())

    def close(self) -> None:
        """Close all sessions and free the database; may be called more than once."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()
        self._databases.close()

    def _forget(self, session: DuckSession) -> None:
        with self._lock:
            self._sessions.pop(session, None)


def open_backend(
    source: str,
    *,
    writable: bool = False,
    sysdate: datetime | None = None,
    schema: str = DEFAULT_SCHEMA,
    memory_limit: str = DEFAULT_MEMORY_LIMIT,
    threads: int = DEFAULT_THREADS,
    spool_dir: Path | None = None,
) -> DuckBackend:
    """Serve a DuckDB file under a private overlay, or an empty database.

    Any number of processes can serve one file as long as none is `writable`.

    Args:
        source: Path of a DuckDB file, or ":memory:".
        writable: Let changes reach the file; else they stay in memory.
        sysdate: What SYSDATE is; None for the clock.
        schema: Is made if the source has none of the name.
        memory_limit: Of DuckDB's buffers, in its notation; beyond it spills to disk.
        threads: DuckDB's own, besides the one of each running call.
        spool_dir: Where temporary files go; None for the system's place.

    Raises:
        ConnectError: the file does not exist, or is no DuckDB file we may open.
    """
    databases = Databases(
        source,
        writable=writable,
        sysdate=sysdate,
        schema=schema,
        memory_limit=memory_limit,
        threads=threads,
        spool_dir=spool_dir,
    )
    return DuckBackend(databases)
