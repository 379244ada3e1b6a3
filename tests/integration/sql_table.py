"""Run the SQL examples through python-oracledb and write the table in the package's docs.

python -m tests.integration.sql_table        # writes tracekit/localdb/SQL.md
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import oracledb

import tracekit
from tests.integration.sql_examples import SECTIONS, SETUP, SYSDATE, Error, Example
from tracekit.testbed import LocalOracle

PATH = Path(tracekit.__file__).parent / "localdb" / "SQL.md"
COMMAND = "python -m tests.integration.sql_table"
_SHOWN_CHARS = 60
_HEAD = f"""\
# What SQL the local Oracle understands

Every line was run through python-oracledb against the server, with the result shown. The expected
values were written by hand, from Oracle's documentation or by reasoning. What cannot be translated
is an error that names the construct (ORA-03001 if Oracle has it and the local Oracle does not),
not a wrong result; the known differences below are the exceptions. `tracekit localdb --check
'SELECT ...'` shows how a statement is translated.

The tests fail if this file is out of date; `{COMMAND}` writes it. `emp`
and `dept` are the classic tables; SYSDATE is {SYSDATE}.

How dates and times are stored: a DATE is DuckDB's TIMESTAMP_S. A TIMESTAMP of up to six digits is a
TIMESTAMP, one of seven to nine digits a TIMESTAMP_NS (years 1678 to 2261). A TIMESTAMP WITH TIME
ZONE is `STRUCT(instant INTERVAL, nanos SMALLINT)`: the interval's total is the instant, its months
are the offset in minutes, and its days compensate for them. DuckDB compares, groups and joins
intervals by their total, so times that are equal in UTC are equal, and each keeps its offset. A
TIMESTAMP WITH LOCAL TIME ZONE is a TIMESTAMPTZ. Years BC can be read, compared and formatted, but
not sent.

Your own DuckDB files (`--database orders.duckdb`): a table in DuckDB's default schema belongs to
the user who logs on. ALL_TABLES lists it, `orders` and `dwh.orders` find it, and it can be written
(in memory, unless the file is opened with `--writable`). Names are converted to capitals, like
unquoted names: `ORDERS`, `"ORDERS"`. In quotes, the file's own spelling of tables and columns also
works: `"orders"`, `"Order Date"`. A DOUBLE is a BINARY_DOUBLE, a BOOLEAN a NUMBER of 1 or 0.

Cursors and blocks: scrollable cursors keep the rows they have read in a file. An anonymous PL/SQL
block can contain plain statements, assignments to binds, SELECT INTO binds, OPEN of a bind and
EXECUTE IMMEDIATE of a literal, and exception handlers (`WHEN OTHERS THEN IF SQLCODE != -942 THEN
RAISE; END IF;`); declarations and other control flow are refused by name. DBMS_OUTPUT can be
written, but not read.

A LOB can be written through its locator until the transaction ends, if its row is locked: by
SELECT ... FOR UPDATE of one table, or by INSERT or UPDATE of one row with RETURNING INTO.

ROWIDs are unique within one table. A row gets another ROWID when the transaction that inserted it
commits, so do not use it after that COMMIT.

These Oracle features are refused, each with an ORA- error that names it:

1. A TIMESTAMP(7) to (9) before 1677 or after 2262: DuckDB counts nanoseconds in 64 bits. DATE and
   TIMESTAMP(6) reach from 4712 BC to 9999.
2. Nanoseconds in arithmetic and in TIMESTAMP WITH LOCAL TIME ZONE, for the same reason.
3. Time zone regions (`Asia/Taipei`): their rules depend on Oracle's files. Offsets work.
4. Counting days before 15 October 1582, and Julian day numbers BC.
5. `lastrowid`: rows have no fixed position.
6. Back-references inside a regular expression: patterns run in time linear in the text.
7. LISTAGG ... ON OVERFLOW TRUNCATE if it overflows: Oracle does not document where it truncates.
8. KEEP (DENSE_RANK ...) with functions other than MIN and MAX; RANK and others WITHIN GROUP.
9. CONNECT BY over a join, and conditions of CONNECT BY with subqueries: join in a subquery.
10. ROWNUM in a query of several tables with groups or windows: number rows in a subquery.
11. MERGE ... DELETE WHERE, INSERT ALL with conditions, sequences or a query of its own tables,
    disabled and deferred constraints, virtual and invisible columns, negative scales.
12. MODEL, MATCH_RECOGNIZE, SAMPLE, flashback (AS OF).
13. XML and JSON functions and types.
14. Stored code, database links, materialized views, PL/SQL with declarations or control flow.
15. Functions that are not in the tables below.

Limits: a call that makes the server grow by more than 400 MiB ends with ORA-04030, and a break ends
any other with ORA-01013. Padding and REPLACE are checked before they run. `make conformance` counts
the passing tests of SQLAlchemy's dialect suite and of our driver tests.

Known differences, which raise no error: an UPDATE of a TIMESTAMP WITH TIME ZONE to the same instant
with another offset keeps the old offset, because DuckDB does not write a value that equals the old
one (`SET t = t AT TIME ZONE ...` is refused). VARCHAR2(n BYTE) holds n characters. Arithmetic of
BINARY_FLOATs has the digits of a BINARY_DOUBLE. `"USER"` in quotes, if no column has that name, is
DuckDB's user.

## How NUMBERs are stored

Numbers are decimal wherever Oracle's are. The translation of a statement chooses one of two forms,
from the types of the columns and the values of the binds:

- **A DuckDB DECIMAL or integer** if all digits are known to fit in 38: columns declared NUMBER(p,
  s), literals, counts, and their sums, products, rounding and MOD as long as the digits of the
  result fit. DuckDB computes these at full speed and exactly, or raises an error.
- **The bytes of an Oracle NUMBER, stored as BIT**, for everything else: columns declared FLOAT or
  NUMBER without precision, quotients, POWER, SQRT, LN and similar functions, AVG, results of more
  than 38 digits, conversions of text. The bytes sort like the numbers, so DuckDB compares, sorts,
  groups and joins by them, and they are sent unchanged. Arithmetic uses Python's `decimal` and
  rounds once to 20 base-100 digits (39 or 40 decimal digits), as Oracle does.

An operation of such bytes with a value of unknown form is refused by name. Only BINARY_DOUBLE and
BINARY_FLOAT are rounded to a double. Adding a million values of the first form takes 0.01 s of CPU.
With the second form, finding the largest takes 0.06 s, joining 0.2 s, adding 3.7 s, `n * 2` 4.5 s,
`n / 3` 5.6 s and `TO_CHAR(n)` 2.7 s. In the benchmark of reading
(`python -m tests.bench.localdb_throughput --repeat 2`; a BIGINT and a DECIMAL among eight columns),
the server used 0.38 of the client's CPU time at `fetchmany(5000)`. `executemany` of mixed integers
and fractions runs at 0.87 of the rate of integers alone. Other representations do not work:
DECIMAL(38, 18) can hold neither 1E-20 nor 1E30; BIGNUM has no division and computes products as
doubles; a column whose type changes with its values would need a rebuild in the middle of a
transaction.
"""


def serve() -> LocalOracle:
    """A server with the SYSDATE that the examples expect."""
    return LocalOracle(":memory:", sysdate=SYSDATE)


def set_up(server: LocalOracle) -> None:
    """Make the tables that every example starts with."""
    with connect(server) as connection, connection.cursor() as cursor:
        for statement in SETUP:
            cursor.execute(statement)


def connect(server: LocalOracle) -> oracledb.Connection:
    """A connection of the real driver."""
    return oracledb.connect(user=server.user, password=server.password, dsn=server.dsn)


def outcomes(server: LocalOracle) -> Iterator[tuple[str, Example, Any]]:
    """Section, example and what the example's last statement gives: rows, a count or an error."""
    with connect(server) as shared:
        for title, examples in SECTIONS.items():
            for example in examples:
                if len(example.steps) == 1 and example.steps[0].startswith(("SELECT", "WITH")):
                    yield title, example, _outcome(shared, example)
                    continue
                with server.fresh() as own, connect(own) as connection:
                    yield title, example, _outcome(connection, example)


def _outcome(connection: oracledb.Connection, example: Example) -> Any:
    result: Any = None
    with connection.cursor() as cursor:
        for step in example.steps:
            binds = example.binds if ":" in step and example.binds else {}
            try:
                if binds and "BINARY" in example.construct:
                    cursor.setinputsizes(v=oracledb.DB_TYPE_BINARY_DOUBLE)
                cursor.execute(step, binds)
                if cursor.description is None:
                    result = max(cursor.rowcount, 0)
                else:
                    result = [tuple(map(_read, row)) for row in cursor.fetchall()]
            except oracledb.DatabaseError as error:
                result = str(error).split("\nHelp:")[0]
                if not isinstance(error, oracledb.IntegrityError):
                    return result
    return result


def as_expected(example: Example, result: Any) -> bool:
    """Whether the result is what the example says."""
    expected = example.expected
    if isinstance(expected, Error):
        return isinstance(result, str) and result.startswith(expected)
    if isinstance(result, list) and not isinstance(expected, list):
        return bool(result == [(expected,)])
    return bool(result == expected)


def table(found: Iterable[tuple[str, Example, Any]]) -> str:
    """The document, made of what the server answered."""
    lines = [_HEAD]
    for title, group in groupby(found, key=itemgetter(0)):
        lines += [f"\n## {title}\n", "| construct | example | gives |", "|---|---|---|"]
        for _, example, result in group:
            note = f" ({example.note})" if example.note else ""
            code = "; ".join(example.steps)
            shown = _code(_shown(result))
            lines.append(f"| {_cell(example.construct)} | {_code(code)} | {shown}{note} |")
    return "\n".join(lines) + "\n"


def _read(value: Any) -> Any:
    return value.read() if isinstance(value, oracledb.LOB) else value


def _shown(result: Any) -> str:
    if isinstance(result, str):
        return _shortened(result)
    if isinstance(result, list) and len(result) == 1 and len(result[0]) == 1:
        return _shown_value(result[0][0])
    if isinstance(result, list):
        return ", ".join("(" + ", ".join(map(_shown_value, row)) + ")" for row in result)
    return f"{result} row{'' if result == 1 else 's'}"


def _shown_value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return _shortened(f"'{value}'")
    if isinstance(value, bytes):
        return _shortened(value.hex().upper())
    if isinstance(value, dt.datetime | dt.timedelta):
        return str(value)
    return str(value)


def _shortened(text: str) -> str:
    first = text.split("\n")[0]
    limit = _SHOWN_CHARS if not first.startswith("ORA-") else 120
    return first if len(first) <= limit else f"{first[:limit]}…"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    plain = text.replace("\n", " ").replace("|", "\\|")
    return f"`` {plain} ``" if "`" in plain else f"`{plain}`"


def main() -> None:
    """Write the document."""
    with serve() as server:
        set_up(server)
        PATH.write_text(table(outcomes(server)), encoding="utf-8")


if __name__ == "__main__":
    main()
