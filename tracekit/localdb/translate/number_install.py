"""Install the functions of FREE numbers in a DuckDB database.

DuckDB passes a NUMBER's bytes to Python as BLOB. A macro for each function converts from and to
BIT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from tracekit.localdb.translate import number_statistics as statistics
from tracekit.localdb.translate.number_functions import (
    BINARY,
    UNARY,
    as_bytes,
    decode,
    number_text,
    read,
    significant,
    width_bucket,
)
from tracekit.localdb.wire.rows_number import encode_number

_SMALL = Decimal(10) ** 12
_SMALL_SCALE = -18


def _small(data: bytes | None) -> Decimal | None:
    """A number small enough to add many of as DECIMAL(38, 18); None for all others."""
    if data is None:
        return None
    value = decode(data)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "NUMBERs are finite"
    return value if exponent >= _SMALL_SCALE and value.copy_abs() < _SMALL else None


def _read(text: str) -> bytes:
    return encode_number(read(text))


def _text(data: bytes) -> str:
    return number_text(decode(data))


def _plain(data: bytes) -> str:
    return f"{decode(data):f}"


def _double(data: bytes) -> float:
    return float(decode(data))


def _integer(data: bytes) -> int:
    return int(decode(data))


_Signature = tuple[Callable[..., Any], Sequence[str], str]
_PYTHON: dict[str, _Signature] = {
    **{f"ora_n_{name}": (as_bytes(one), ["BLOB"], "BLOB") for name, one in UNARY.items()},
    **{f"ora_n_{name}": (as_bytes(one), ["BLOB"] * 2, "BLOB") for name, one in BINARY.items()},
    "ora_n_read": (_read, ["VARCHAR"], "BLOB"),
    "ora_n_text": (_text, ["BLOB"], "VARCHAR"),
    "ora_n_plain": (_plain, ["BLOB"], "VARCHAR"),
    "ora_n_double": (_double, ["BLOB"], "DOUBLE"),
    "ora_n_integer": (_integer, ["BLOB"], "BIGINT"),
    "ora_n_bucket": (width_bucket, ["BLOB"] * 4, "BIGINT"),
    "ora_n_significant": (significant, ["BLOB", "BIGINT"], "BLOB"),
}
_OF_NULLS: dict[str, _Signature] = {
    "ora_n_small": (_small, ["BLOB"], "DECIMAL(38, 18)"),
    "ora_n_total": (statistics.total, ["DECIMAL(38, 18)", "BLOB[]"], "BLOB"),
    "ora_n_statistic": (statistics.statistic, ["VARCHAR", "BLOB[]"], "BLOB"),
    "ora_n_percentile": (statistics.percentile, ["BLOB[]", "BLOB"], "BLOB"),
    "ora_n_paired": (statistics.paired, ["VARCHAR", "BLOB[]", "BLOB[]"], "BLOB"),
}
"""Functions that accept or return NULL."""
_MACROS = """
CREATE OR REPLACE MACRO ora_number(s) AS CAST(ora_n_read(CAST(s AS VARCHAR)) AS BIT);
CREATE OR REPLACE MACRO ora_free_text(a) AS ora_n_text(CAST(a AS BLOB));
CREATE OR REPLACE MACRO ora_number_plain(a) AS ora_n_plain(CAST(a AS BLOB));
CREATE OR REPLACE MACRO ora_number_double(a) AS ora_n_double(CAST(a AS BLOB));
CREATE OR REPLACE MACRO ora_number_integer(a) AS ora_n_integer(CAST(a AS BLOB));
CREATE OR REPLACE MACRO ora_number_significant(a, n) AS
    CAST(ora_n_significant(CAST(a AS BLOB), n) AS BIT);
CREATE OR REPLACE MACRO ora_number_small(a) AS ora_n_small(CAST(a AS BLOB));
CREATE OR REPLACE MACRO ora_number_total(a, l) AS CAST(ora_n_total(a, l) AS BIT);
CREATE OR REPLACE MACRO ora_number_statistic(n, l) AS CAST(ora_n_statistic(n, l) AS BIT);
CREATE OR REPLACE MACRO ora_number_percentile(l, s) AS
    CAST(ora_n_percentile(l, CAST(s AS BLOB)) AS BIT);
CREATE OR REPLACE MACRO ora_number_paired(n, a, b) AS CAST(ora_n_paired(n, a, b) AS BIT);
"""


def install_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the missing functions in the connection's current schema."""
    known = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name ^@ 'ora_n_'"
        ).fetchall()
    }
    for handling, functions in (
        (FunctionNullHandling.DEFAULT, _PYTHON),
        (FunctionNullHandling.SPECIAL, _OF_NULLS),
    ):
        for name, (function, parameters, result) in functions.items():
            if name not in known:
                connection.create_function(
                    name, function, list(parameters), result, null_handling=handling
                )
    connection.execute(_MACROS)
    for name in UNARY:
        connection.execute(
            f"CREATE OR REPLACE MACRO ora_number_{name}(a) AS"
            f" CAST(ora_n_{name}(CAST(a AS BLOB)) AS BIT)"
        )
    for name in BINARY:
        connection.execute(
            f"CREATE OR REPLACE MACRO ora_number_{name}(a, b) AS"
            f" CAST(ora_n_{name}(CAST(a AS BLOB), CAST(b AS BLOB)) AS BIT)"
        )
