"""Call a user's function with arguments that match the names of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from typing import Any

from tracekit.errors import ConfigError
from tracekit.keyed import Query
from tracekit.oracle import Database

GIVEN = ("connection", "database", "dsn", "user", "password", "keys", "query", "binds")
"""The names that a function's parameters may have."""


class Given:
    """A function with its arguments; close it to close its connection.

    Args:
        function: The function. The names of its parameters determine its arguments; a parameter
            with a default may have any name.
        database: The database it reads; None if there is none, and then none can be given.
        query: The query it runs; None likewise.
        name: The function's name in messages.

    Raises:
        ConfigError: there is no value for a parameter.
        ConnectError: it asks for a connection, and the database refused.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        database: Database | None,
        query: Query | None,
        *,
        name: str,
    ) -> None:
        self._function = function
        self._opened = ExitStack()
        self._arguments: dict[str, Any] = {}
        available = _available(database, query)
        check_parameters(function, available, name=name)
        for parameter in _parameters(function):
            if parameter.name in available:
                self._arguments[parameter.name] = available[parameter.name](self._opened)

    @property
    def takes_keys(self) -> bool:
        """Whether it takes keys."""
        return "keys" in self._arguments

    def __call__(self, keys: Any) -> Any:
        """Call the function, with `keys` if it takes them."""
        if self.takes_keys:
            self._arguments["keys"] = keys
        return self._function(**self._arguments)

    def close(self) -> None:
        """Close its connection."""
        self._opened.close()


def check_parameters(
    function: Callable[..., Any], available: Collection[str], *, name: str
) -> None:
    """Check that each parameter without a default is one of `available`.

    Raises:
        ConfigError: there is no value for a parameter.
    """
    for parameter in _parameters(function):
        if parameter.name not in available and parameter.default is parameter.empty:
            raise ConfigError(
                f"{name}: there is no value for its parameter {parameter.name!r}; a function can "
                f"take {', '.join(available)}"
            )


def _available(
    database: Database | None, query: Query | None
) -> Mapping[str, Callable[[ExitStack], Any]]:
    found: dict[str, Callable[[ExitStack], Any]] = {"keys": lambda stack: None}
    if database is not None:
        found |= {
            "connection": lambda stack: stack.enter_context(database.connect()),
            "database": lambda stack: database,
            "dsn": lambda stack: database.dsn,
            "user": lambda stack: database.user,
            "password": lambda stack: database.arguments["password"],
        }
    if query is not None:
        found |= {"query": lambda stack: query, "binds": lambda stack: dict(query.binds)}
    return {name: found[name] for name in GIVEN if name in found}


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in variable
    ]
