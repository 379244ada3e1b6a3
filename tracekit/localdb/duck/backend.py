"""Open a DuckDB file or an empty database for the session layer."""

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
"""DuckDB's own threads, in addition to the thread that reads a result. Each one holds memory."""


class DuckBackend:
    """The database of a server process; see `open_backend`."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._numbers = itertools.count(1)
        self._sessions: dict[DuckSession, str] = {}
        self._lock = threading.Lock()

    @property
    def banner(self) -> str:
        """The server's name in the environment record."""
        return f"local Oracle (duckdb {duckdb.__version__})"

    def has_clone(self, name: str) -> bool:
        """Whether a clone with this name exists, ignoring case."""
        return self._databases.find(name.upper()) is not None

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> DuckSession:
        """Open a session in the main database or in a clone.

        Args:
            schema: The schema for unqualified names.
            clone: The name of a clone, or empty.
            client: The client's values for SYS_CONTEXT('USERENV', ...).

        Raises:
            OraError: ORA-12514 if the clone does not exist.
        """
        database = self._databases.find(clone.upper()) if clone else self._databases.main
        if database is None:
            raise OraError(12514, f"there is no service {clone}")
        session = DuckSession(database, schema, next(self._numbers), self._forget, client)
        with self._lock:
            self._sessions[session] = clone.upper()
        return session

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open a connection to the main database for use outside sessions."""
        return self._databases.main.connect(DEFAULT_SCHEMA)

    def clone(self, name: str) -> None:
        """Make a private copy of the main database, for sessions that name it.

        Raises:
            ConnectError: a clone with this name exists, or the name is malformed.
        """
        if not name.isidentifier() or not name.isascii():
            raise ConnectError(f"clone {name!r}: expected letters, digits and underscores")
        self._databases.clone(name.upper())

    def drop_clone(self, name: str) -> None:
        """Close a clone's sessions and drop it; an unknown name is ignored."""
        with self._lock:
            sessions = [one for one, clone in self._sessions.items() if clone == name.upper()]
        for session in sessions:
            session.interrupt()
            session.close()
        self._databases.drop_clone(name.upper())

    def close(self) -> None:
        """Close all sessions and the database; may be called more than once."""
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
        source: The path of a DuckDB file, or ":memory:".
        writable: Whether to write changes to the file; otherwise they stay in memory.
        sysdate: The value of SYSDATE; None for the current time.
        schema: The default schema; created if it does not exist.
        memory_limit: The limit of DuckDB's buffers, in DuckDB's notation; beyond it, DuckDB spills
            to disk.
        threads: The number of DuckDB's own threads, in addition to each running call's.
        spool_dir: The folder for temporary files; None for the system's.

    Raises:
        ConnectError: the file does not exist, is not a DuckDB file or cannot be opened.
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
