"""Serve a file made from a shape: recorded statements are answered by their text."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from tracekit.errors import ConnectError
from tracekit.localdb.backend import NOTHING
from tracekit.localdb.duck.backend import DuckBackend
from tracekit.localdb.recorded.catalogue import SCHEMA, Catalogue
from tracekit.localdb.recorded.key_map import KeyMap
from tracekit.localdb.recorded.session import RecordedSession


class RecordedBackend:
    """Opens sessions that look up a statement before translating it.

    Args:
        duck: The database; closed with this object.
        connection: A connection to it; closed with this object.
    """

    def __init__(self, duck: DuckBackend, connection: duckdb.DuckDBPyConnection) -> None:
        self._duck = duck
        self._connection = connection
        self._catalogue = Catalogue(connection)
        self._key_maps = {
            query.name: KeyMap(connection.cursor(), query.keys_table, query.key)
            for query in self._catalogue.queries()
            if query.keys_table is not None
        }

    @property
    def banner(self) -> str:
        """The server's name in the environment record."""
        return f"{self._duck.banner}, recorded statements"

    def has_clone(self, name: str) -> bool:
        """Whether a clone with this name exists."""
        return self._duck.has_clone(name)

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = NOTHING
    ) -> RecordedSession:
        """Open a session in the main database or in a clone.

        Raises:
            OraError: ORA-12514 if the clone does not exist.
        """
        duck = self._duck.open_session(schema, clone, client)
        return RecordedSession(duck, self._catalogue, self._key_maps)

    def clone(self, name: str) -> None:
        """Make a private copy of the main database.

        Raises:
            ConnectError: a clone with this name exists, or the name is malformed.
        """
        self._duck.clone(name)

    def drop_clone(self, name: str) -> None:
        """Close a clone's sessions and drop it."""
        self._duck.drop_clone(name)

    def close(self) -> None:
        """Close all sessions and the database."""
        self._connection.close()
        self._duck.close()


def recorded_backend(duck: DuckBackend) -> DuckBackend | RecordedBackend:
    """`duck`, wrapped to answer recorded statements if its file was made from a shape.

    Raises:
        ConnectError: the recorded statements in the file cannot be read.
    """
    connection = duck.connect()
    try:
        found = connection.execute(
            "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [SCHEMA]
        ).fetchone()
        if found is None:
            connection.close()
            return duck
        return RecordedBackend(duck, connection)
    except duckdb.Error as error:
        connection.close()
        raise ConnectError(
            f"the file says that it was made from a shape, but schema {SCHEMA} cannot be read: "
            f"{error}"
        ) from error
