"""A user's script or notebook as a candidate: run as a whole; its result is `result`."""

from __future__ import annotations

import ast
import contextlib
import runpy
import sys
from pathlib import Path
from typing import Any

import oracledb

from tracekit.oracle import Database
from tracekit.programs.own_imports import import_what_begins, modules_named
from tracekit.programs.redirect import Redirect

RESULT = "result"
SUFFIXES = (".py", ".ipynb")
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class ProgramCall:
    """Runs the program in this process.

    Args:
        path: The script or notebook.

    Raises:
        ConfigError: a notebook cannot be read, or IPython is not installed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notebook: Any = None
        self._not_imported: frozenset[str] = frozenset()
        if path.suffix == ".ipynb":
            from tracekit.programs.notebook_result import NotebookCells

            self._notebook = NotebookCells(path)

    def warm_up(self) -> None:
        """Import what it begins with: a function's module is imported before it runs, too."""
        if self._notebook is not None:
            self._notebook.warm_up()
            code = self._notebook.code()
        else:
            code = _code(self._path)
            import_what_begins(code)
        self._not_imported = modules_named(code) - set(sys.modules)

    def imported(self) -> list[str]:
        """The modules that its own code imported since `warm_up`, except Python's own."""
        return sorted(self._not_imported & set(sys.modules))

    def __call__(self) -> Any:
        """Run it from the start and return its variable `result`."""
        if self._notebook is not None:
            return self._notebook.variable(RESULT)
        return runpy.run_path(str(self._path), run_name="__main__").get(RESULT)


def _code(path: Path) -> list[ast.Module]:
    with contextlib.suppress(OSError, SyntaxError, ValueError):  # the run will raise it
        return [ast.parse(path.read_bytes())]
    return []


def redirect_to(database: Database) -> Redirect | None:
    """Where a program's python-oracledb connections go: to a local Oracle, whatever it names.

    None for a real database, to which a program connects as its code says.
    """
    if _host(database) not in _HERE:
        return None
    return Redirect(dsn=database.dsn, user=database.user, password=database.arguments["password"])


def _host(database: Database) -> str | None:
    parameters = oracledb.ConnectParams()
    try:
        parameters.parse_connect_string(database.dsn)
    except oracledb.Error:  # an alias that only the driver's configuration knows
        return None
    return parameters.host if isinstance(parameters.host, str) else None
