"""Connections to the real database, and the mapping of its errors for the relay's clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import oracledb

from tracekit.errors import TracekitError
from tracekit.localdb.ora_error import OraError

_CONNECTION_LOST = 3113
_UNIMPLEMENTED = 3001


@contextmanager
def upstream_errors() -> Iterator[None]:
    """Pass the database's errors on with their numbers, and map the driver's own to ORA errors.

    Raises:
        OraError: the driver raised an error.
    """
    try:
        yield
    except oracledb.Error as error:
        raise ora_error(error) from error
    except (OverflowError, ValueError, TypeError, NotImplementedError) as error:
        raise OraError(_UNIMPLEMENTED, f"unimplemented feature: the relay: {error}") from error
    except OSError as error:
        raise OraError(
            _CONNECTION_LOST, f"end-of-file on communication channel: {error}"
        ) from error


def ora_error(error: oracledb.Error) -> OraError:
    """Convert `error` for a client of the relay."""
    said: Any = error.args[0] if error.args else None
    text = str(getattr(said, "message", error)).strip()
    if text.startswith("ORA-"):
        text = text.partition("\nHelp: ")[0]
        number = int(said.code)
        return OraError(number, text.partition(": ")[2], position=int(said.offset or 0))
    if getattr(said, "is_session_dead", False):
        return OraError(_CONNECTION_LOST, f"end-of-file on communication channel: {text}")
    return OraError(_UNIMPLEMENTED, f"unimplemented feature: the relay: {text}")


class Upstream:
    """A session's connection to the real database.

    Args:
        arguments: The arguments of `oracledb.connect`.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._cancelled = False
        with upstream_errors():
            # Without the cache, every execution describes its columns again, with LOBs as LOBs.
            self.connection = oracledb.connect(**arguments, stmtcachesize=0)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Call the database in this context; `interrupt` cancels the call.

        Raises:
            OraError: the database or the driver raised an error; ORA-01013 after `interrupt`.
        """
        with self._lock:
            self._calls += 1
        try:
            with upstream_errors():
                yield
        finally:
            with self._lock:
                self._calls -= 1
                if not self._calls:
                    self._cancelled = False

    def interrupt(self) -> None:
        """Cancel the running call, if there is one."""
        with self._lock:
            if not self._calls or self._cancelled:
                return
            self._cancelled = True
            try:
                self.connection.cancel()
            except oracledb.Error:  # it is being closed
                return

    def close(self) -> None:
        """Close the session on the database; uncommitted work is rolled back."""
        try:
            self.connection.close()
        except (oracledb.Error, OSError, TracekitError):
            return
