"""Session parameters of ALTER SESSION SET and their effect on DuckDB.

Parameters: Oracle Database Reference 19c; ALTER SESSION in the SQL Language Reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.calendar_names import names_of
from tracekit.localdb.translate.date_models import parse_model
from tracekit.localdb.translate.moment_reader import zone_offset
from tracekit.localdb.wire.column import ColumnDescription, OracleType

DEFAULTS = {
    "NLS_LANGUAGE": "AMERICAN",
    "NLS_TERRITORY": "AMERICA",
    "NLS_CURRENCY": "$",
    "NLS_ISO_CURRENCY": "AMERICA",
    "NLS_NUMERIC_CHARACTERS": ".,",
    "NLS_CALENDAR": "GREGORIAN",
    "NLS_DATE_FORMAT": "DD-MON-RR",
    "NLS_DATE_LANGUAGE": "AMERICAN",
    "NLS_SORT": "BINARY",
    "NLS_TIME_FORMAT": "HH.MI.SSXFF AM",
    "NLS_TIMESTAMP_FORMAT": "DD-MON-RR HH.MI.SSXFF AM",
    "NLS_TIME_TZ_FORMAT": "HH.MI.SSXFF AM TZR",
    "NLS_TIMESTAMP_TZ_FORMAT": "DD-MON-RR HH.MI.SSXFF AM TZR",
    "NLS_DUAL_CURRENCY": "$",
    "NLS_COMP": "BINARY",
    "NLS_LENGTH_SEMANTICS": "CHAR",
    "NLS_NCHAR_CONV_EXCP": "FALSE",
}
"""The NLS parameters, in the order of NLS_SESSION_PARAMETERS."""
TIME_ZONE = "TIME_ZONE"
DEFAULT_ZONE = "+00:00"

_VARIABLES = {
    "ora_date_format": "NLS_DATE_FORMAT",
    "ora_timestamp_format": "NLS_TIMESTAMP_FORMAT",
    "ora_timestamp_tz_format": "NLS_TIMESTAMP_TZ_FORMAT",
    "ora_numeric": "NLS_NUMERIC_CHARACTERS",
    "ora_language": "NLS_DATE_LANGUAGE",
    "ora_zone_name": "TIME_ZONE",
    "ora_currencies": "NLS_CURRENCY",
}
"""Connection variables that hold parameters which differ from Oracle's defaults."""
_EUROPEAN_DATES = "DD.MM.RR"


@dataclass(frozen=True)
class _Territory:
    """What NLS_TERRITORY sets by itself."""

    characters: str
    """Decimal character and group separator."""
    date_format: str
    currency: str
    iso_currency: str
    first_weekday: int = 0
    """0 is Sunday, 1 is Monday."""


_TERRITORIES = {
    "AMERICA": _Territory(".,", "DD-MON-RR", "$", "USD"),
    "UNITED KINGDOM": _Territory(".,", "DD-MON-RR", "£", "GBP", 1),
    "GERMANY": _Territory(",.", _EUROPEAN_DATES, "€", "EUR", 1),
    "AUSTRIA": _Territory(",.", _EUROPEAN_DATES, "€", "EUR", 1),
    "FRANCE": _Territory(", ", "DD/MM/RR", "€", "EUR", 1),
    "ITALY": _Territory(",.", "DD-MON-RR", "€", "EUR", 1),
    "SPAIN": _Territory(",.", "DD/MM/RR", "€", "EUR", 1),
    "JAPAN": _Territory(".,", "RR-MM-DD", "¥", "JPY"),
    "CHINA": _Territory(".,", "DD-MON-RR", "￥", "CNY"),
    "TAIWAN": _Territory(".,", "DD-MON-RR", "NT$", "TWD"),
}
_NO_SUCH_VALUE = (12705, "Cannot access NLS data files or invalid environment specified")
_COLLATIONS = {"BINARY": "", "BINARY_CI": "NOCASE", "BINARY_AI": "NOCASE.NOACCENT"}
_COMPARISONS = ("BINARY", "LINGUISTIC", "ANSI")
_WITHOUT_EFFECT = re.compile(
    r"_\w+|OPTIMIZER_\w+|PARALLEL_\w+|PLSQL_\w+|PLSCOPE_\w+|QUERY_REWRITE_\w+|RESULT_CACHE_\w+"
    r"|STAR_TRANSFORMATION_ENABLED|CURSOR_SHARING|CURSOR_INVALIDATION|STATISTICS_LEVEL|SQL_TRACE"
    r"|TIMED_STATISTICS|TRACEFILE_IDENTIFIER|MAX_DUMP_FILE_SIZE|EVENTS|WORKAREA_SIZE_POLICY"
    r"|SORT_AREA_SIZE|SORT_AREA_RETAINED_SIZE|HASH_AREA_SIZE|BITMAP_MERGE_AREA_SIZE"
    r"|DB_FILE_MULTIBLOCK_READ_COUNT|SESSION_CACHED_CURSORS|DDL_LOCK_TIMEOUT|COMMIT_\w+"
    r"|RESUMABLE_TIMEOUT|SKIP_UNUSABLE_INDEXES|INMEMORY_\w+|FILESYSTEMIO_OPTIONS|GLOBAL_NAMES"
    r"|HEAT_MAP|APPROX_FOR_\w+|OBJECT_CACHE_\w+|LOG_ARCHIVE_\w+|SQLTUNE_CATEGORY"
    r"|USE_STORED_OUTLINES|CREATE_STORED_OUTLINES|XML_DB_EVENTS|ASM_POWER_LIMIT"
)
"""Parameters for plans, memory and tracing; they do not change results, so they are ignored."""
_REFUSED = {
    "ISOLATION_LEVEL", "CONSTRAINT", "CONSTRAINTS", "CONTAINER", "EDITION", "ERROR_ON_OVERLAP_TIME",
    "INSTANCE", "FLAGGER", "DEFAULT_COLLATION", "SQL_TRANSLATION_PROFILE", "READ_ONLY",
    "NLS_DATE_CALENDAR", "RECYCLEBIN", "DEFERRED_SEGMENT_CREATION", "ROW",
}  # fmt: skip
"""Parameters that change results and are not supported."""


@dataclass(frozen=True)
class SessionSettings:
    """A session's parameters; each change returns a new object."""

    nls: Mapping[str, str]
    """The NLS parameters that were set, by name."""
    zone: str = DEFAULT_ZONE

    @property
    def ignores_case(self) -> bool:
        """Whether text comparisons ignore case."""
        return bool(self._collation) and self._parameter("NLS_COMP") != "BINARY"

    def check_sort(self) -> None:
        """Refuse ORDER BY if text is sorted in another order than it is compared in.

        Raises:
            OraError: ORA-03001 if the orders differ.
        """
        if self._collation and not self.ignores_case:
            raise unsupported("ORDER BY with NLS_SORT set and NLS_COMP = BINARY")

    def localized(self, column: ColumnDescription) -> ColumnDescription:
        """Add the session's time zone to the description of a column WITH LOCAL TIME ZONE."""
        minutes = zone_offset(self.zone)
        if column.type is not OracleType.TIMESTAMP_LTZ or not minutes:
            return column
        return replace(column, zone_minutes=minutes)

    @property
    def sql(self) -> str:
        """DuckDB statements that apply the settings to a new connection."""
        variables: dict[str, str | None] = {
            name: self._changed(parameter)
            for name, parameter in _VARIABLES.items()
            if parameter in DEFAULTS
        }
        variables["ora_language"] = self._language()
        variables["ora_currencies"] = self._currencies()
        variables["ora_zone_name"] = self.zone if self.zone != DEFAULT_ZONE else None
        statements = [
            f"SET VARIABLE {name} = {quoted(value)}"
            for name, value in variables.items()
            if value is not None
        ]
        if zone_offset(self.zone):
            statements.append(f"SET VARIABLE ora_zone = {zone_offset(self.zone)}")
        if self.nls:
            entries = ", ".join(f"{quoted(k)}: {quoted(v)}" for k, v in self.nls.items())
            statements.append(f"SET VARIABLE ora_nls = MAP {{{entries}}}")
        if self.ignores_case:
            statements.append(f"SET default_collation = {quoted(self._collation)}")
            statements.append("SET VARIABLE ora_like_options = 'si'")
        return ";".join(statements)

    @property
    def reset_sql(self) -> str:
        """DuckDB statements that reset a connection to Oracle's defaults."""
        variables = (*_VARIABLES, "ora_zone", "ora_nls", "ora_like_options")
        statements = [f"SET VARIABLE {name} = NULL" for name in variables]
        return ";".join([*statements, "SET default_collation = ''"])

    def changed(self, name: str, value: str) -> SessionSettings:
        """The settings after ALTER SESSION SET name = value.

        Raises:
            OraError: ORA-02248 for an unknown parameter; ORA-12705 and others if its value is
                invalid; ORA-03001 if the parameter or value is not supported.
        """
        if name == TIME_ZONE:
            return SessionSettings(self.nls, _zone(value))
        check = _CHECKS.get(name)
        if check is not None:
            return SessionSettings({**self.nls, **check(value)}, self.zone)
        if name in _REFUSED or name in DEFAULTS:
            raise unsupported(f"ALTER SESSION SET {name}")
        if _WITHOUT_EFFECT.fullmatch(name):
            return self
        raise OraError(2248, "invalid option for ALTER SESSION")

    @property
    def _collation(self) -> str:
        return _COLLATIONS[self._parameter("NLS_SORT")]

    def _parameter(self, name: str) -> str:
        return self.nls.get(name, DEFAULTS[name])

    def _changed(self, name: str) -> str | None:
        value = self._parameter(name)
        return value if value != DEFAULTS[name] else None

    def _language(self) -> str | None:
        """The language of names; the decimal character and first weekday if they differ."""
        language = self._parameter("NLS_DATE_LANGUAGE")
        decimal = self._parameter("NLS_NUMERIC_CHARACTERS")[0]
        first = _TERRITORIES[self._parameter("NLS_TERRITORY")].first_weekday
        value = language if (decimal, first) == (".", 0) else f"{language}|{decimal}|{first}"
        return value if value != DEFAULTS["NLS_DATE_LANGUAGE"] else None

    def _currencies(self) -> str | None:
        """What L, C and U stand for in a number model; None by default."""
        names = ("NLS_CURRENCY", "NLS_ISO_CURRENCY", "NLS_DUAL_CURRENCY")
        if not any(map(self._changed, names)):
            return None
        local, iso, dual = map(self._parameter, names)
        return "|".join((local, _TERRITORIES[iso].iso_currency, dual))


def _zone(value: str) -> str:
    if value.upper() in ("LOCAL", "DBTIMEZONE", "OS_TZ"):
        return DEFAULT_ZONE
    offset = zone_offset(value)
    if not value[-1].isdigit():
        return value.upper()
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


def _date_format(name: str) -> Callable[[str], dict[str, str]]:
    def check(value: str) -> dict[str, str]:
        parse_model(value)
        return {name: value}

    return check


def _language(value: str) -> dict[str, str]:
    names_of(value)
    return {"NLS_LANGUAGE": value.upper(), "NLS_DATE_LANGUAGE": value.upper()}


def _date_language(value: str) -> dict[str, str]:
    names_of(value)
    return {"NLS_DATE_LANGUAGE": value.upper()}


def _territory(value: str) -> dict[str, str]:
    found = _TERRITORIES.get(value.upper())
    if found is None:
        raise unsupported(f"NLS_TERRITORY {value}")
    return {
        "NLS_TERRITORY": value.upper(),
        "NLS_NUMERIC_CHARACTERS": found.characters,
        "NLS_DATE_FORMAT": found.date_format,
        "NLS_CURRENCY": found.currency,
        "NLS_ISO_CURRENCY": value.upper(),
    }


def _currency(name: str) -> Callable[[str], dict[str, str]]:
    return lambda value: {name: value}


def _iso_currency(value: str) -> dict[str, str]:
    if value.upper() not in _TERRITORIES:
        raise unsupported(f"NLS_ISO_CURRENCY {value}")
    return {"NLS_ISO_CURRENCY": value.upper()}


def _numeric_characters(value: str) -> dict[str, str]:
    if len(value) != 2 or value[0] == value[1] or re.search(r"[0-9+\-<>]", value):
        raise OraError(12705, "Cannot access NLS data files or invalid environment specified")
    return {"NLS_NUMERIC_CHARACTERS": value}


def _sort(value: str) -> dict[str, str]:
    if value.upper() not in _COLLATIONS:
        raise unsupported(f"NLS_SORT {value}")
    return {"NLS_SORT": value.upper()}


def _comparison(value: str) -> dict[str, str]:
    if value.upper() not in _COMPARISONS:
        raise OraError(12705, "Cannot access NLS data files or invalid environment specified")
    return {"NLS_COMP": value.upper()}


def _calendar(value: str) -> dict[str, str]:
    if value.upper() not in ("GREGORIAN", "'GREGORIAN'"):
        raise unsupported(f"NLS_CALENDAR {value}")
    return {"NLS_CALENDAR": "GREGORIAN"}


def _as_by_default(name: str) -> Callable[[str], dict[str, str]]:
    def check(value: str) -> dict[str, str]:
        if value.upper() != DEFAULTS[name]:
            raise unsupported(f"{name} {value}")
        return {name: value.upper()}

    return check


_CHECKS: dict[str, Callable[[str], dict[str, str]]] = {
    **{
        name: _date_format(name)
        for name in ("NLS_DATE_FORMAT", "NLS_TIMESTAMP_FORMAT", "NLS_TIMESTAMP_TZ_FORMAT")
    },
    "NLS_LANGUAGE": _language,
    "NLS_DATE_LANGUAGE": _date_language,
    "NLS_TERRITORY": _territory,
    "NLS_NUMERIC_CHARACTERS": _numeric_characters,
    "NLS_SORT": _sort,
    "NLS_COMP": _comparison,
    "NLS_CALENDAR": _calendar,
    "NLS_LENGTH_SEMANTICS": _as_by_default("NLS_LENGTH_SEMANTICS"),
    "NLS_NCHAR_CONV_EXCP": _as_by_default("NLS_NCHAR_CONV_EXCP"),
    "NLS_CURRENCY": _currency("NLS_CURRENCY"),
    "NLS_ISO_CURRENCY": _iso_currency,
    "NLS_DUAL_CURRENCY": _currency("NLS_DUAL_CURRENCY"),
}
"""For each parameter, what setting it sets, including itself."""


def quoted(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def nls_defaults_sql() -> str:
    """The NLS parameters of a new session, as a DuckDB map."""
    entries = ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in DEFAULTS.items())
    return f"MAP {{{entries}}}"
