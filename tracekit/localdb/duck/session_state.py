"""A session's settings, and how its connections follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb

from tracekit.localdb.duck.statement import Naming, Synonyms
from tracekit.localdb.translate.session_context import context_sql
from tracekit.localdb.translate.session_settings import SessionSettings


class SessionState:
    """The schema, parameters and attributes of a session.

    Args:
        schema: The schema of the user who logged on; the first one for unqualified names.
        client: The client's values for SYS_CONTEXT('USERENV', ...).
        synonyms: Returns the synonyms that exist.
    """

    def __init__(
        self, schema: str, client: Mapping[str, str], synonyms: Callable[[], Synonyms]
    ) -> None:
        self.schema = schema
        self._synonyms = synonyms
        self.settings = SessionSettings({})
        self._user = schema
        self._context = dict(client)

    @property
    def naming(self) -> Naming:
        """What a statement's meaning depends on beyond its text."""
        return Naming(self.schema, self._user, self.settings.ignores_case, self._synonyms())

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Set the client's values for SYS_CONTEXT('USERENV', ...)."""
        self._context |= attributes

    def set_parameters(self, parameters: Sequence[tuple[str, str]]) -> None:
        """Change all the parameters, or none.

        Raises:
            OraError: a parameter is unknown or its value is invalid.
        """
        settings = self.settings
        for name, value in parameters:
            settings = settings.changed(name, value)
        self.settings = settings

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Apply the settings to a new connection."""
        connection.execute(f"{context_sql(self._context)};{self.settings.sql}")

    def update(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Apply changed settings to a connection."""
        connection.execute(self.settings.reset_sql)
        self.prepare(connection)
