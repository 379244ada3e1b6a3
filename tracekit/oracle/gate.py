"""Translate the driver's errors into tracekit's; nothing else in this room does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from tracekit.errors import ConnectError, FetchError

_CONNECT_ADVICE = {
    "ORA-01017": "Check DB_USER and DB_PASSWORD (or DB_PASSWORD_FILE).",
    "ORA-28000": "The account is locked: ask the database's administrator.",
    "ORA-28001": "The password has expired: change it, then set DB_PASSWORD.",
    "DPY-6000": "The listener refused the connection: check DB_SERVICE, and that it is started.",
    "DPY-6001": "The listener does not know this service: check DB_SERVICE.",
    "DPY-6005": "Nothing answers there: check DB_HOST and DB_PORT, and that a listener is running.",
}
_FETCH_ADVICE = {
    "ORA-00942": "Check the table's name and schema, and that the user may read it.",
    "ORA-00904": "Check the column names against the table.",
    "ORA-01008": "Give a value for every placeholder.",
    "ORA-01555": "The query outlived the undo retention: fetch fewer keys at a time.",
    "DPY-4011": "The server or the network dropped the connection: try again.",
    "DPY-4024": "Raise timeout_seconds (or DB_SLOW_CALL_TIMEOUT_MS), or fetch fewer keys.",
}
_CONNECT_DEFAULT = "Check DB_HOST, DB_PORT and DB_SERVICE."
_FETCH_DEFAULT = "Run the statement in a SQL client to find out more."


@contextmanager
def connecting(dsn: str) -> Iterator[None]:
    """Turn an error of the driver or the network in the block into a ConnectError naming `dsn`."""
    try:
        yield
    except OSError as exc:  # the driver passes on the resolver's error about an unknown host
        raise ConnectError(f"connecting to {dsn} failed: {exc}. {_CONNECT_DEFAULT}") from exc
    except oracledb.Error as exc:
        # DPY-6005 wraps both "no answer" and a listener's own refusal.
        said = exc.__cause__ if isinstance(exc.__cause__, oracledb.Error) else exc
        advice = _CONNECT_ADVICE.get(_code(said), _CONNECT_DEFAULT)
        raise ConnectError(f"connecting to {dsn} failed: {_message(said)}. {advice}") from exc


@contextmanager
def reading(dsn: str) -> Iterator[None]:
    """Turn a driver error in the block into a FetchError that names `dsn`."""
    try:
        yield
    except oracledb.Error as exc:
        advice = _FETCH_ADVICE.get(_code(exc), _FETCH_DEFAULT)
        raise FetchError(f"reading from {dsn} failed: {_message(exc)}. {advice}") from exc


def _code(exc: oracledb.Error) -> str:
    return str(getattr(exc.args[0], "full_code", "")) if exc.args else ""


def _message(exc: oracledb.Error) -> str:
    # The driver appends lines of help links and positions; the first one says what happened.
    text = str(exc).strip()
    return text.splitlines()[0].rstrip(".") if text else type(exc).__name__
