"""Opening a DuckDB file, or an empty database, as what the session layer serves."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import duckdb

from tracekit.localdb.duck.database import Database
from tracekit.localdb.duck.session import DuckSession

DEFAULT_SCHEMA = "DWH"
DEFAULT_MEMORY_LIMIT = "160MB"
DEFAULT_THREADS = 1
"""DuckDB's own; the thread that reads a result works too. Few, for each holds memory."""


class DuckBackend:
    """The database of one server process; see `open_backend`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sessions: set[DuckSession] = set()
        self._lock = threading.Lock()

    @property
    def banner(self) -> str:
        """What the environment record calls this server."""
        return f"local Oracle (duckdb {duckdb.__version__})"

    def open_session(self, schema: str) -> DuckSession:
        """A new session whose current schema is `schema`."""
        session = DuckSession(self._database, schema, self._forget)
        with self._lock:
            self._sessions.add(session)
        return session

    def close(self) -> None:
        """Close all sessions and free the database; may be called more than once."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()
        self._database.close()

    def _forget(self, session: DuckSession) -> None:
        with self._lock:
            self._sessions.discard(session)


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
        source: path of a DuckDB file, or ":memory:".
        writable: let changes reach the file; else they stay in memory.
        sysdate: what SYSDATE is; None for the clock.
        schema: is made if the source has none of the name.
        memory_limit: of DuckDB's buffers, in its notation; beyond it spills to disk.
        threads: DuckDB's own, besides the one of each running call.
        spool_dir: where temporary files go; None for the system's place.

    Raises:
        ConnectError: the file does not exist, or is no DuckDB file we may open.
    """
    database = Database(
        source,
        writable=writable,
        sysdate=sysdate,
        schema=schema,
        memory_limit=memory_limit,
        threads=threads,
        spool_dir=spool_dir,
    )
    return DuckBackend(database)
