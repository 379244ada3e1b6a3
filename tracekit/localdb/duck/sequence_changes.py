"""ALTER SEQUENCE, which DuckDB does not have."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.duck.sequences import drawn_sequence
from tracekit.localdb.duck.writer import WritingConnection
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import SequenceOptions

_MOST = 2**63 - 1


@dataclass(frozen=True)
class _Sequence:
    """A row of duckdb_sequences()."""

    step: int
    least: int
    most: int
    cycles: bool
    last: int | None
    start: int

    def altered(self, options: SequenceOptions) -> _Sequence:
        """It with the options; `start` is its next value.

        Raises:
            OraError: an option does not fit the others or the last value.
        """
        step = self.step if options.increment is None else options.increment
        if step == 0:
            raise OraError(4002, "INCREMENT must be a nonzero integer")
        least = options.least if options.least is not None else self.least
        most = options.most if options.most is not None else self.most
        if options.no_least:
            least = 1 if step > 0 else -_MOST
        if options.no_most:
            most = _MOST if step > 0 else -1
        if options.restarts:
            first = least if step > 0 else most
            start = first if options.start is None else options.start
        elif options.start is not None:
            raise OraError(2283, "cannot alter starting sequence number")
        else:
            self._check_last(least, most)
            start = self.start if self.last is None else self.last + step
        cycles = self.cycles if options.cycles is None else options.cycles
        return _Sequence(step, least, most, cycles, None, start)

    def _check_last(self, least: int, most: int) -> None:
        if self.last is not None and self.last > most:
            raise OraError(4009, "MAXVALUE cannot be made to be less than the current value")
        if self.last is not None and self.last < least:
            raise OraError(4007, "MINVALUE cannot be made to exceed the current value")


def alter_sequence(
    writer: WritingConnection, catalog: str, key: tuple[str, str], options: SequenceOptions
) -> None:
    """Replace a sequence by one that continues behind its last value.

    Args:
        writer: The session's writing connection.
        catalog: The sequence's catalogue.
        key: Its schema and name.
        options: What is changed.

    Raises:
        OraError: ORA-02289 if there is no such sequence; ORA-02283, ORA-04002, ORA-04007 or
            ORA-04009 if an option does not fit the others or the last value.
    """
    row = writer.connection.execute(
        "SELECT increment_by, min_value, max_value, cycle, last_value, start_value"
        " FROM duckdb_sequences() WHERE database_name = ? AND schema_name = ?"
        " AND sequence_name = ?",
        [catalog, *key],
    ).fetchone()
    if row is None:
        raise OraError(2289, "sequence does not exist")
    new = _Sequence(*row).altered(options)
    path = f"{catalog}.{quoted(key[0])}.{quoted(key[1])}"
    created = (
        f"CREATE OR REPLACE SEQUENCE {path} INCREMENT BY {new.step} MINVALUE {new.least}"
        f" MAXVALUE {new.most} START WITH {new.start}{' CYCLE' if new.cycles else ''}"
    )
    # DuckDB does not replace a sequence that a default refers to.
    defaults = _defaults(writer, catalog, key)
    before = [f"{column} DROP DEFAULT" for column, _ in defaults]
    after = [f"{column} SET DEFAULT {default}" for column, default in defaults]
    writer.run_alone("; ".join([*before, created, *after]))


def _defaults(
    writer: WritingConnection, catalog: str, key: tuple[str, str]
) -> list[tuple[str, str]]:
    """The columns whose default takes a sequence's values, as ALTER TABLE ... ALTER."""
    rows = writer.connection.execute(
        "SELECT schema_name, table_name, column_name, column_default FROM duckdb_columns()"
        " WHERE database_name = ? AND column_default IS NOT NULL",
        [catalog],
    ).fetchall()
    return [
        (f"ALTER TABLE {catalog}.{quoted(schema)}.{quoted(table)} ALTER {quoted(column)}", default)
        for schema, table, column, default in rows
        if drawn_sequence(default) == key
    ]
