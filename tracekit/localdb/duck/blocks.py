"""Run PL/SQL blocks statement by statement; a failure undoes the whole block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from tracekit.localdb.backend import (
    BindType,
    EmptyLob,
    ExecuteOutcome,
    PreparedStatement,
    ResultStream,
    ReturnedLob,
    StatementKind,
)
from tracekit.localdb.duck.returning import NUMBER_TYPE, encode_returned
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.handlers import Handler, Step
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.messages.binds import CursorBind
from tracekit.localdb.wire.values import decode_number

_UNKNOWN_NAME = 904
_COMPILED = (900, 904, 933, 936, 942, 6550)
"""Errors of static SQL that are found when a block is compiled."""
_OF_THE_SERVER = (28, 604, 1013, 3001, 4030)
"""What the local Oracle cannot do, or was told to end: handling it would hide it."""


Reader: TypeAlias = Callable[
    [PreparedStatement, Sequence[Any], Sequence[BindType], int], tuple[pa.Table, list[str]]
]


class StepSession(Protocol):
    """What a block needs from its session."""

    def prepare(self, sql: str) -> PreparedStatement:
        """Parse and translate a statement."""

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
    ) -> ExecuteOutcome:
        """Run a statement."""

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Set the client's values for SYS_CONTEXT('USERENV', ...)."""


class BlockRun:
    """One execution of a block.

    Args:
        session: The session that runs its statements.
        read: Returns the first rows of a query and the names of their DuckDB types.
        names: The names of the binds, one per value.
        values: The bind values as the client sent them.
        kinds: The bind types that the client declared.
    """

    def __init__(
        self,
        session: StepSession,
        read: Reader,
        names: Sequence[str],
        values: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> None:
        self._session = session
        self._read = read
        self._places: Mapping[str, int] = {name: place for place, name in enumerate(names)}
        self._values = list(values)
        self._kinds = kinds
        self.filled: dict[int, bytes | ReturnedLob | ResultStream] = {}
        """The outputs, by the index of their bind."""
        self.row_count = 0
        """The rows that its DML changed."""

    def run_all(self, steps: Sequence[Step], handlers: Sequence[Handler]) -> None:
        """Run statements, and for the first that fails the handler of its error.

        Raises:
            OraError: a statement failed, and no handler is for its error or it raises it again.
        """
        for step in steps:
            try:
                self.run(step)
            except OraError as error:
                handler = _handler_of(error, step, handlers)
                if handler is None:
                    raise
                for one in handler.steps:
                    self.run(one)
                if handler.raises:
                    raise
                return

    def run(self, step: Step) -> None:
        """Run one statement.

        Raises:
            OraError: the statement failed; ORA-06550 if it calls something undeclared.
        """
        try:
            statement = self._session.prepare(step.sql)
        except OraError as error:
            raise _undeclared(error) from error
        bound = [self._place(name) for name in statement.bind_names]
        row = [self._values[place] for place in bound]
        if any(isinstance(value, CursorBind) for value in row):
            raise OraError(932, "inconsistent datatypes: expected a value got CURSOR")
        kinds = [self._kinds[place] for place in bound]
        if step.attributes:
            self._set(step.attributes, statement, row, kinds)
        elif step.opens:
            self._open(self._place(step.opens), statement, row, kinds)
        elif step.into:
            self._fill(step.into, statement, row, kinds)
        elif statement.kind is StatementKind.QUERY:
            raise OraError(6550, "PLS-00428: an INTO clause is expected in this SELECT statement")
        else:
            self.row_count += self._session.execute(statement, [row], kinds).row_count

    def _set(
        self,
        attributes: Sequence[str],
        statement: PreparedStatement,
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> None:
        table, _ = self._read(statement, row, kinds, 1)
        if table.num_columns != len(attributes):
            raise OraError(6550, "PLS-00306: wrong number or types of arguments in call")
        values = [column[0].as_py() for column in table.columns]
        told = {name: str(value or "") for name, value in zip(attributes, values, strict=True)}
        self._session.set_attributes(told)

    def _open(
        self,
        place: int,
        statement: PreparedStatement,
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> None:
        if self._kinds[place].type is not OracleType.CURSOR:
            raise OraError(6550, "PLS-00382: expression is of wrong type")
        result = self._session.execute(statement, [row], kinds).result
        if result is None:
            raise OraError(6550, "PLS-00382: expression is of wrong type")
        self.filled[place] = result

    def _fill(
        self,
        into: Sequence[str],
        statement: PreparedStatement,
        row: Sequence[Any],
        kinds: Sequence[BindType],
    ) -> None:
        places = [self._place(name) for name in into]
        if any(self._kinds[place].type is OracleType.CURSOR for place in places):
            raise OraError(6550, "PLS-00382: expression is of wrong type")
        try:
            table, types = self._read(statement, row, kinds, 2)
        except OraError as error:
            raise _undeclared(error) from error
        if not table.num_rows:
            raise OraError(1403, "no data found")
        if table.num_rows > 1:
            raise OraError(1422, "exact fetch returns more than requested number of rows")
        fields = encode_returned(table, types, [self._kinds[place] for place in places])
        for index, place in enumerate(places):
            self.filled[place] = fields[index][0]
            self._values[place] = _value(table.select([index]), types[index])

    def _place(self, name: str) -> int:
        return self._places[name]


def _value(column: pa.Table, held_as: str) -> Any:
    """The value of the only row, for use as a bind of later statements."""
    value = column.column(0)[0].as_py()
    if isinstance(value, bytes) and held_as == NUMBER_TYPE:
        (field,) = encode_returned(column, [held_as], [BindType(OracleType.NUMBER, 22)])[0]
        assert isinstance(field, bytes)
        return decode_number(field[1:])
    return EmptyLob(value) if value in ("", b"") else value


def _handler_of(error: OraError, step: Step, handlers: Sequence[Handler]) -> Handler | None:
    """The handler of an error; none is for what Oracle finds when it compiles a block."""
    if error.number in _OF_THE_SERVER or (error.number in _COMPILED and not step.is_dynamic):
        return None
    fitting = (one for one in handlers if one.numbers is None or error.number in one.numbers)
    return next(fitting, None)


def _undeclared(error: OraError) -> OraError:
    if error.number == _UNKNOWN_NAME:
        return OraError(6550, f"PLS-00201: {error.text}")
    return error
