"""Which errors are faults of the connection, so that the same query may succeed on a fresh one.

Not among them, on purpose:

| error | why it is told at once |
|---|---|
| ORA-01555 | the query outlived the undo: read again as a whole it would again |
| DPY-4024 (call timeout), ORA-01013 | the query is too slow, or was stopped: again is more load |
| ORA-01017, ORA-28000, ORA-28001 | log-on: again does not help and may lock the account |
| ORA-00942 and whatever else is wrong with the statement | again is wrong again |
| ORA-00028, ORA-02396 | the session was ended on purpose, by an administrator or a limit |
| ORA-00600, ORA-00603 | a defect of the server that the statement meets again |
| TLS: a certificate or a name that does not match | nothing to wait for |
| a name that does not resolve, but for "try again later" | it is mistaken |

The driver calls several of them DPY-4011, "connection closed"; Oracle's own number decides then.
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
    # The listener has nobody to hand the connection to, for now.
    "DPY-6001": "the service is not registered (ORA-12514): so it is while a database starts",
    "DPY-6003": "the SID is not registered (ORA-12505): so it is while a database starts",
    "ORA-12514": "the service is not registered: so it is while a database starts",
    "ORA-12516": "no handler is free: all processes are in use",
    "ORA-12519": "no handler is free: all processes are in use",
    "ORA-12520": "no handler is free: all processes are in use",
    "ORA-12528": "the instance blocks new connections while it starts",
    "ORA-12541": "no listener: so it is while a host or a listener starts",
    "ORA-12757": "the instance does not know the service yet",
    # Failover in which the client library could not go on by itself.
    "ORA-25401": "fetches cannot be continued on the instance that took over",
    "ORA-25402": "the transaction must be rolled back; we only read",
    "ORA-25408": "the call cannot be replayed safely; we begin again as a whole",
}
"""Code and what it says. Here, and nowhere else, stands what is worth another attempt."""

_LISTENER_SAID = re.compile(r"^DPY-6000: .*\(Similar to ORA-(\d+)\)", re.MULTILINE)


def is_connection_fault(error: BaseException) -> bool:
    """Whether `error`, one of ours or the driver's, came of the connection and not of the query."""
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
    """Oracle's number where the driver says one, else the driver's."""
    said = error.args[0] if error.args else None
    number = getattr(said, "code", 0)
    listener = _LISTENER_SAID.match(str(error))
    if listener:
        number = int(listener.group(1))
    return f"ORA-{number:05}" if number else str(getattr(said, "full_code", ""))
