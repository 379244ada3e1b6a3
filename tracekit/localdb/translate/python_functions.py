"""The functions that translated statements call, row by row, in Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import duckdb

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.interval_text import read_day_interval, read_month_interval
from tracekit.localdb.translate.moment_reader import read_moment, zone_offset
from tracekit.localdb.translate.moment_text import NO_ZONE, write_moment
from tracekit.localdb.translate.number_models import format_number, read_number
from tracekit.localdb.translate.positions import nth_position
from tracekit.localdb.translate.text_codes import TEXT_CODES

_NANOSECONDS = 1_000
_LARGEST = 2**63 - 1
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _with_error_code(function: _Function) -> _Function:
    """Wrap `function` so that its Oracle errors start with their code, which DuckDB passes on."""

    @wraps(function)
    def wrapped(*args: Any) -> Any:
        try:
            return function(*args)
        except OraError as error:
            raise ValueError(f"ORA-{error.number:05d}: {error.text}") from None

    return cast(_Function, wrapped)


def _read_us(text: str, model: str, today: int, language: str) -> int:
    """The microseconds of a local time in text."""
    moment = read_moment(text, model, today, language)
    if moment.nanoseconds:
        raise unsupported("more than six digits of a second in text that is not a literal")
    return moment.microseconds


def _read_local_us(text: str, model: str, today: int, language: str) -> int:
    """The microseconds of a local time in text; `_read_ns` returns the rest."""
    return read_moment(text, model, today, language).microseconds


def _read_ns(text: str, model: str, today: int, language: str) -> int:
    """The nanoseconds of a local time in text, in addition to its microseconds."""
    return read_moment(text, model, today, language).nanoseconds


def _read_all_ns(text: str, model: str, today: int, language: str) -> int:
    """The nanoseconds since 1970 of a local time in text."""
    moment = read_moment(text, model, today, language)
    nanoseconds = moment.microseconds * _NANOSECONDS + moment.nanoseconds
    if abs(nanoseconds) > _LARGEST:
        raise unsupported("a TIMESTAMP(9) outside the years 1678 to 2261")
    return nanoseconds


def _read_minutes(text: str, model: str, today: int, language: str, default: int) -> int:
    """The offset in minutes of a time in text; `default` if it has none."""
    offset = read_moment(text, model, today, language).offset
    return default if offset == NO_ZONE else offset


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ora_format_number": _with_error_code(format_number),
    "ora_read_number": read_number,
    "ora_write_moment": _with_error_code(write_moment),
    "ora_read_us": _with_error_code(_read_us),
    "ora_read_local_us": _with_error_code(_read_local_us),
    "ora_read_ns": _with_error_code(_read_ns),
    "ora_read_all_ns": _with_error_code(_read_all_ns),
    "ora_read_minutes": _with_error_code(_read_minutes),
    "ora_nth_position": _with_error_code(nth_position),
    "ora_zone_minutes": _with_error_code(zone_offset),
    "ora_day_interval_us": _with_error_code(read_day_interval),
    "ora_month_interval": _with_error_code(read_month_interval),
    **TEXT_CODES,
}


def install_python_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the functions that the connection's database does not have yet."""
    known = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions()"
        " WHERE list_contains(?, function_name)",
        [list(_FUNCTIONS)],
    ).fetchall()
    for name in _FUNCTIONS.keys() - {name for (name,) in known}:
        connection.create_function(name, _FUNCTIONS[name])
