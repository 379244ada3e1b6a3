"""A backend that runs nothing: it checks that what the codec hands it makes sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from tracekit.localdb.backend import BindType, ExecuteOutcome, PreparedStatement, StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.messages.binds import CursorBind, Unsupported
from tracekit.localdb.wire.rows import encode_rows

COLUMNS = (
    ColumnDescription("ID", OracleType.NUMBER, precision=18, buffer_bytes=22),
    ColumnDescription("NAME", OracleType.VARCHAR2, 0, 0, 32767, 32767, 1),
    ColumnDescription("AT", OracleType.DATE, buffer_bytes=7),
)
_VALUES = (CursorBind, str, int, float, Decimal, datetime, timedelta, bytes, bool, type(None), list)
_KINDS = {
    "SELECT": StatementKind.QUERY,
    "BEGIN": StatementKind.PLSQL,
    "CREATE": StatementKind.DDL,
    "INSERT": StatementKind.DML,
    "UPDATE": StatementKind.DML,
    "DELETE": StatementKind.DML,
}


def _encoded() -> EncodedRows:
    batch = pa.record_batch(
        [
            pa.array(range(10), pa.int64()),
            pa.array(["工單" * i for i in range(10)], pa.string()),
            pa.array([datetime(2026, 1, 1)] * 10, pa.timestamp("s")),
        ],
        names=[column.name for column in COLUMNS],
    )
    (rows,) = encode_rows(batch, COLUMNS)
    return rows


_ROWS = _encoded()


@dataclass(frozen=True)
class Statement:
    """A statement by its first word."""

    sql: str
    kind: StatementKind
    bind_names: Sequence[str] = ()


class Result:
    """Thirty rows, whatever was asked."""

    columns = COLUMNS

    def __init__(self) -> None:
        self._batches = 3

    def define(self, columns: Sequence[ColumnDescription], keeper: object) -> None:
        raise AssertionError("no column is a LOB")

    def next_batch(self) -> EncodedRows | None:
        self._batches -= 1
        return _ROWS if self._batches >= 0 else None

    def close(self) -> None:
        self._batches = 0


class CheckingSession:
    """Takes any statement and checks the values that come with it."""

    in_transaction = False
    spool_folder: Path | None = None

    def prepare(self, sql: str) -> Statement:
        words = sql.split(maxsplit=1)
        kind = _KINDS.get(words[0].upper()) if words else None
        if kind is None or "nowhere" in sql:
            raise OraError(900, "invalid SQL statement")
        return Statement(sql, kind)

    def describe(self, statement: PreparedStatement) -> Sequence[ColumnDescription]:
        return COLUMNS

    def execute(
        self,
        statement: PreparedStatement,
        bind_rows: Sequence[Sequence[Any]],
        bind_types: Sequence[BindType] = (),
        *,
        go_on: bool = False,
    ) -> ExecuteOutcome:
        for row in bind_rows:
            for value in row:
                if isinstance(value, Unsupported) or not isinstance(value, _VALUES):
                    raise AssertionError(f"a bind value of type {type(value).__name__}")
        if statement.kind is StatementKind.QUERY:
            return ExecuteOutcome(Result())
        return ExecuteOutcome(row_count=len(bind_rows), row_counts=[1] * len(bind_rows))

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    @property
    def current_schema(self) -> str:
        return "DWH"

    def set_current_schema(self, schema: str) -> None:
        assert isinstance(schema, str)

    def set_attributes(self, attributes: Mapping[str, str]) -> None:
        assert all(isinstance(value, str) for value in attributes.values())

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class CheckingBackend:
    """Gives every client a CheckingSession."""

    banner = "local Oracle (fuzz)"

    def has_clone(self, service: str) -> bool:
        return False

    def open_session(
        self, schema: str, clone: str = "", client: Mapping[str, str] = MappingProxyType({})
    ) -> CheckingSession:
        return CheckingSession()

    def close(self) -> None:
        pass
