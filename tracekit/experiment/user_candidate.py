"""The user's own candidates: a function, a script or a notebook that reads Oracle."""

from __future__ import annotations

import base64
import importlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import oracledb

from tracekit.errors import ConfigError, NotComparable
from tracekit.experiment.candidate import Candidate, Keys
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.given import GIVEN, Given, check_parameters
from tracekit.experiment.program_apart import ProgramApart
from tracekit.experiment.program_call import RESULT, SUFFIXES, ProgramCall, redirect_to
from tracekit.keyed import Query, RecordsByKey
from tracekit.oracle import Database
from tracekit.programs.start import redirect_connections


class UserCandidate(Candidate[Any]):
    """A function, called with arguments by the names of its parameters; a script; or a notebook.

    If a function returns a generator, it is drained piece by piece. The result of a script or a
    notebook is its variable `result`. The DB_* environment variables name the database, too.

    Args:
        spec: The candidate's spec.
        database: The database it reads.
        query: The query it runs.
        own_process: Whether this process runs only the candidate. If not, a script or a notebook
            runs in another one, because its connections are redirected permanently.

    Raises:
        ConfigError: the function cannot be imported, or there is no value for a parameter.
    """

    def __init__(
        self, spec: CandidateSpec, database: Database, query: Query, *, own_process: bool = True
    ) -> None:
        self._spec = spec
        self._database = database
        self._query = query
        os.environ.update(_variables(database))
        self._given: Given | None = None
        self._program: ProgramCall | ProgramApart | None = None
        self._redirect = ExitStack()
        if spec.pickled is None and spec.spec.endswith(SUFFIXES):
            self._program = self._made_program(Path(spec.spec), own_process=own_process)
        else:
            name = f"candidate {spec.name!r}"
            self._given = Given(_loaded(spec), database, query, name=name)
        self._returns_generator = False

    def fetch(self, keys: Keys) -> Any:
        """Call it and return its result; None if that was a generator, which is drained."""
        found = self._call(keys)
        self._returns_generator = isinstance(found, Generator)
        if not self._returns_generator:
            return found
        for piece in found:
            del piece
        return None

    def pieces(self, kept: Any, keys: Keys) -> Iterator[RecordsByKey]:
        """Its result as records; if it kept nothing, those of another call."""
        result = self._call(keys) if self._returns_generator else kept
        if result is None:
            raise NotComparable(self._nothing())
        # Imported after the measured run: digests need numpy, which the user's code may not.
        from tracekit.equality.labels import WHOLE
        from tracekit.equality.sources import Pieces

        pieces = Pieces(result, self._query.column_names or None)
        self.schema = pieces.schema
        try:
            for piece in pieces:
                key = None if piece.key is WHOLE else piece.key
                yield {key: list(map(dict, piece.records))}
            self.schema = pieces.schema
        except ConfigError as exc:
            raise NotComparable(
                f"the result of {self._spec.name} cannot be compared: {exc}"
            ) from exc

    def warm_up(self, keys: Keys) -> None:
        """Call it with one key, if it takes keys; a program runs once only, after its imports."""
        if isinstance(self._program, ProgramCall):
            self._program.warm_up()
        if keys is not None and self._given is not None and self._given.takes_keys:
            self.fetch(keys[:1])

    def facts(self, kept: Any) -> dict[str, Any]:
        """The modules that a program imported while it was measured."""
        if isinstance(self._program, ProgramCall):
            return {"imported": self._program.imported()}
        return {}

    def close(self) -> None:
        """Close its connection."""
        if self._given is not None:
            self._given.close()
        self._redirect.close()

    def _made_program(self, path: Path, *, own_process: bool) -> ProgramCall | ProgramApart:
        if not own_process:
            return ProgramApart(path, self._database)
        target = redirect_to(self._database)
        if target is not None:  # until this process ends
            os.environ.update(self._redirect.enter_context(target).environment())
            redirect_connections()
        return ProgramCall(path)

    def _nothing(self) -> str:
        if self._program is None:
            return f"{self._spec.name} returned None, so its result cannot be compared"
        return (
            f"{Path(self._spec.spec).name} does not set the variable `{RESULT}`, so it cannot be "
            f"compared. Assign what it reads, such as a list of records or a frame, to `{RESULT}`"
        )

    def _call(self, keys: Keys) -> Any:
        if self._program is not None:
            return self._program()
        assert self._given is not None
        return self._given(keys)


def check_function(spec: CandidateSpec) -> None:
    """Import a function and check its parameters; other errors of the import pass through.

    Raises:
        ConfigError: it cannot be imported, or there is no value for a parameter.
    """
    check_parameters(_loaded(spec), GIVEN, name=f"candidate {spec.name!r}")


def _loaded(spec: CandidateSpec) -> Callable[..., Any]:
    if spec.pickled is not None:
        import cloudpickle

        found: Callable[..., Any] = cloudpickle.loads(base64.b64decode(spec.pickled))
        return found
    module, _, path = spec.spec.partition(":")
    try:
        value: Any = importlib.import_module(module)
        for name in path.split("."):
            value = getattr(value, name)
    except (ImportError, AttributeError) as exc:
        raise ConfigError(
            f"candidate {spec.name!r}: {spec.spec} cannot be imported: {exc}"
        ) from exc
    if not callable(value):
        raise ConfigError(f"candidate {spec.name!r}: {spec.spec} is not a function")
    loaded: Callable[..., Any] = value
    return loaded


def _variables(database: Database) -> dict[str, str]:
    """The DB_* environment variables that name the database."""
    found = {"DB_USER": database.user, "DB_PASSWORD": database.arguments["password"]}
    parameters = oracledb.ConnectParams()
    try:
        parameters.parse_connect_string(database.dsn)
    except oracledb.Error:  # an alias that only the driver's configuration knows
        return found
    for name, value in (
        ("DB_HOST", parameters.host),
        ("DB_PORT", parameters.port),
        ("DB_SERVICE", parameters.service_name),
    ):
        if isinstance(value, str | int) and value:
            found[name] = str(value)
    return found
