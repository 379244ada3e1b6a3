"""What a session has set, and how its connections follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from tracekit.localdb.duck.statement import Naming
from tracekit.localdb.translate.session_context import context_sql
from tracekit.localdb.translate.session_settings import SessionSettings


class SessionState:
    """The schema, the parameters and the attributes of one session.

    Args:
        schema: Of the user who logged on; resolves unqualified names at first.
        client: What SYS_CONTEXT('USERENV', ...) tells of the client.
    """

    def __init__(self, schema: str, client: Mapping[str, str]) -> None:
        self.schema = schema
        self.settings = SessionSettings({})
        self._user = schema
        self._context = dict(client)

    @property
    def naming(self) -> Naming:
        """The part of a statement's meaning that is not in its text."""
        return Naming(self.schema, self._user, self.settings.ignores_case)

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Let SYS_CONTEXT('USERENV', ...) answer these from now on."""
        self._context |= attributes

    def set_parameters(self, parameters: Sequence[tuple[str, str]]) -> None:
        """Change all the parameters, or none.

        Raises:
            OraError: one is unknown, or its value wrong.
        """
        settings = self.settings
        for name, value in parameters:
            settings = settings.changed(name, value)
        self.settings = settings

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a new connection follow what is set."""
        connection.execute(f"{context_sql(self._context)};{self.settings.sql}")

    def update(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a connection that followed it follow what is set now."""
        connection.execute(self.settings.reset_sql)
        self.prepare(connection)
