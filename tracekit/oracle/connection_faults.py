"""Recognise connection faults, after which the same query may succeed on a new connection.

These are deliberately not retried:

| error | why it is raised immediately |
|---|---|
| ORA-01555 | the query outlived the undo data, and would do so again |
| DPY-4024 (call timeout), ORA-01013 | too slow, or stopped: a retry adds load |
| ORA-01017, ORA-28000, ORA-28001 | log-on: a retry does not help and can lock the account |
| ORA-00942 and other errors in the statement | a retry fails the same way |
| ORA-00028, ORA-02396 | the session was ended on purpose, by an administrator or a limit |
| ORA-00600, ORA-00603 | a server defect that the statement would trigger again |
| TLS: a certificate or a name that does not match | waiting does not change it |
| a host name that does not resolve, except "try again later" | it is wrong |

The driver reports several of them as DPY-4011, "connection closed"; then Oracle's number decides.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import oracledb

from tracekit.errors import ConnectError

CONNECTION_FAULTS = {
    # The connection was lost.
    "DPY-1001": "it ended before this call",
    "DPY-4011": "the server or the network closed it, and nothing says why",
    "ORA-01012": "the session is gone: not logged on",
    "ORA-03113": "end of file on the communication channel",
    "ORA-03114": "not connected to Oracle",
    "ORA-03135": "contact was lost",
    "ORA-12153": "not connected",
    "ORA-12537": "the other end closed it; a listener too, while the database starts",
    "ORA-12547": "contact was lost",
    "ORA-12570": "the packet reader failed",
    "ORA-12571": "the packet writer failed",
    # The instance stops or starts; another may take over.
    "ORA-01033": "initialization or shutdown in progress",
    "ORA-01034": "the instance is not up",
    "ORA-01089": "immediate shutdown in progress",
    "ORA-01090": "shutdown in progress",
    "ORA-01092": "the instance was terminated",
    "ORA-27101": "the instance is not up: its shared memory does not exist",
    # The listener cannot pass the connection on yet.
    "DPY-6001": "the service is not registered (ORA-12514), as while a database starts",
    "DPY-6003": "the SID is not registered (ORA-12505), as while a database starts",
    "ORA-12514": "the service is not registered, as while a database starts",
    "ORA-12516": "no handler is free: all processes are in use",
    "ORA-12519": "no handler is free: all processes are in use",
    "ORA-12520": "no handler is free: all processes are in use",
    "ORA-12528": "the instance blocks new connections while it starts",
    "ORA-12541": "no listener, as while a host or a listener starts",
    "ORA-12757": "the instance does not know the service yet",
    # A failover that the client library could not continue by itself.
    "ORA-25401": "fetches cannot be continued on the instance that took over",
    "ORA-25402": "the transaction must be rolled back; tracekit only reads",
    "ORA-25408": "the call cannot be replayed safely; tracekit runs the whole query again",
}
"""Each code that justifies a retry, and its meaning. This is the only list."""

_LISTENER_SAID = re.compile(r"^DPY-6000: .*\(Similar to ORA-(\d+)\)", re.MULTILINE)


def is_connection_fault(error: BaseException) -> bool:
    """Whether `error` (ours or the driver's) is a fault of the connection, not of the query."""
    return any(_is_fault(link, isinstance(error, ConnectError)) for link in _chain(error))


def _is_fault(link: BaseException, connecting: bool) -> bool:
    if isinstance(link, oracledb.Error):
        return _code(link) in CONNECTION_FAULTS
    if not connecting:
        return False
    if isinstance(link, socket.gaierror):
        return link.errno == socket.EAI_AGAIN
    return isinstance(link, ConnectionError | TimeoutError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def _code(error: oracledb.Error) -> str:
    """Oracle's number if the driver gives one, else the driver's."""
    said = error.args[0] if error.args else None
    number = getattr(said, "code", 0)
    listener = _LISTENER_SAID.match(str(error))
    if listener:
        number = int(listener.group(1))
    return f"ORA-{number:05}" if number else str(getattr(said, "full_code", ""))
