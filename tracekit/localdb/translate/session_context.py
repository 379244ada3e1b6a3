"""SYS_CONTEXT('USERENV', ...) and USERENV."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import as_text, call, case, literal_text, null_text, text
from tracekit.localdb.translate.kinds import Kind, with_kind
from tracekit.localdb.translate.session_settings import quoted

SERVICE = "TRACEKIT"
_FIXED = {
    "AUTHENTICATION_METHOD": "PASSWORD",
    "AUTHENTICATION_TYPE": "DATABASE",
    "CDB_NAME": SERVICE,
    "CON_ID": "1",
    "CON_NAME": SERVICE,
    "CURRENT_EDITION_NAME": "ORA$BASE",
    "CURRENT_EDITION_ID": "134",
    "DATABASE_ROLE": "PRIMARY",
    "DB_DOMAIN": "",
    "DB_NAME": SERVICE,
    "DB_UNIQUE_NAME": SERVICE,
    "FG_JOB_ID": "0",
    "INSTANCE": "1",
    "INSTANCE_NAME": SERVICE,
    "IS_APPLY_SERVER": "FALSE",
    "IS_DG_ROLLING_UPGRADE": "FALSE",
    "ISDBA": "FALSE",
    "LANG": "US",
    "LANGUAGE": "AMERICAN_AMERICA.AL32UTF8",
    "NETWORK_PROTOCOL": "tcp",
    "ORACLE_HOME": "/",
    "PLATFORM_SLASH": "/",
    "SERVER_HOST": "localhost",
    "SERVICE_NAME": SERVICE,
    "SESSION_EDITION_NAME": "ORA$BASE",
    "SESSION_EDITION_ID": "134",
    "SESSION_DEFAULT_COLLATION": "USING_NLS_COMP",
}
_EMPTY = {
    "AUDITED_CURSORID", "AUTHENTICATION_DATA", "BG_JOB_ID", "CURRENT_BIND",
    "CURRENT_SQL", "CURRENT_SQL_LENGTH", "DBLINK_INFO", "DRAIN_STATUS", "ENTERPRISE_IDENTITY",
    "GLOBAL_CONTEXT_MEMORY", "GLOBAL_UID", "IDENTIFICATION_TYPE", "POLICY_INVOKER",
    "PROXY_ENTERPRISE_IDENTITY",
    "PROXY_USER", "PROXY_USERID", "SCHEDULER_JOB", "STANDBY_MAX_DATA_DELAY",
}  # fmt: skip
_OF_SESSION = {
    "SID", "SESSIONID", "ENTRYID", "STATEMENTID", "HOST", "IP_ADDRESS", "OS_USER", "TERMINAL",
    "CLIENT_PROGRAM_NAME", "CLIENT_IDENTIFIER", "CLIENT_INFO", "MODULE", "ACTION",
}  # fmt: skip
"""Values that only the session knows; they are in a variable of the connection."""
_NLS = {
    "NLS_CALENDAR": "NLS_CALENDAR",
    "NLS_CURRENCY": "NLS_CURRENCY",
    "NLS_DATE_FORMAT": "NLS_DATE_FORMAT",
    "NLS_DATE_LANGUAGE": "NLS_DATE_LANGUAGE",
    "NLS_SORT": "NLS_SORT",
    "NLS_TERRITORY": "NLS_TERRITORY",
}
_USERENV = {"SESSIONID", "SID", "ENTRYID", "LANG", "LANGUAGE", "TERMINAL", "ISDBA", "CLIENT_INFO"}
"""The parameters of the older function USERENV."""


def sys_context(node: exp.Anonymous, current_schema: str, user: str, position: int) -> exp.Expr:
    """Translate SYS_CONTEXT(namespace, parameter).

    Raises:
        OraError: ORA-02003 for an unknown parameter; ORA-03001 if it is not a literal.
    """
    if not 2 <= len(node.expressions) <= 3:
        raise OraError(938, "not enough arguments for function", position=position)
    namespace, name = node.expressions[:2]
    if literal_text(namespace, "SYS_CONTEXT with a namespace").upper() != "USERENV":
        return null_text()  # a context that nothing was put into
    users = _users(current_schema, user)
    if isinstance(name, exp.Literal):
        return _value(literal_text(name, "").upper(), users, position)
    wanted = call("upper", as_text(name))
    known = {*_OF_SESSION, *_NLS, *users, *_FIXED, *_EMPTY}
    branches = [
        (exp.EQ(this=wanted.copy(), expression=text(one)), _value(one, users, position))
        for one in sorted(known)
    ]
    unknown = call("error", text("ORA-02003: invalid USERENV parameter"))
    return with_kind(case(*branches, default=unknown), Kind.TEXT)


def userenv(node: exp.Anonymous, position: int) -> exp.Expr:
    """Translate USERENV(parameter); its numeric values are numbers.

    Raises:
        OraError: ORA-02003 if there is no such parameter.
    """
    name = literal_text(node.expressions[0], "USERENV with a parameter").upper()
    if name not in _USERENV:
        raise OraError(2003, "invalid USERENV parameter", position=position)
    value = _value(name, {}, position)
    if name in ("SESSIONID", "SID", "ENTRYID"):
        return call("ora_to_number", value, kind=Kind.NUMBER)
    return value


def context_sql(context: Mapping[str, str]) -> str:
    """The DuckDB statement that stores the session's values in the connection."""
    entries = ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in context.items())
    return f"SET VARIABLE ora_context = MAP {{{entries}}}"


def _users(current_schema: str, user: str) -> Mapping[str, str]:
    return {
        "CURRENT_SCHEMA": current_schema,
        "CURRENT_USER": user,
        "SESSION_USER": user,
        "AUTHENTICATED_IDENTITY": user,
        "SESSION_SCHEMA": current_schema,
        "CURRENT_SCHEMAID": "100",
        "CURRENT_USERID": "100",
        "SESSION_USERID": "100",
        "SESSION_SCHEMAID": "100",
    }


def _value(name: str, users: Mapping[str, str], position: int) -> exp.Expr:
    if name in _OF_SESSION:
        return call("ora_context", text(name), kind=Kind.TEXT)
    if name in _NLS:
        return call("ora_nls_parameter", text(_NLS[name]), kind=Kind.TEXT)
    fixed = users.get(name) or _FIXED.get(name)
    if fixed:
        return text(fixed)
    if name in _EMPTY or name in _FIXED:
        return null_text()
    raise OraError(2003, "invalid USERENV parameter", position=position)
