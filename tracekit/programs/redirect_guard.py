"""The safety net of a redirect: an audit hook that refuses every way around it.

It sees each host name that is resolved and each socket that is connected, by any code; the modules
that read Oracle through other libraries; and Pythons that would start without the redirect.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from tracekit.errors import DriverRefused, RedirectError
from tracekit.programs.redirect_children import child_escape
from tracekit.programs.redirect_log import RedirectLog
from tracekit.programs.redirect_target import VARIABLE, Target

OTHER_DRIVERS = {
    "cx_Oracle": "it reads Oracle through Oracle Client libraries. python-oracledb replaces it",
    "connectorx": "it reads Oracle through Oracle Client libraries. With polars or pandas, pass a "
    "python-oracledb connection instead",
    "adbc_driver_oracle": "its connections are made outside Python. Use python-oracledb",
}
"""Modules whose connections cannot be observed, and why."""

_BETWEEN = ("socket", "asyncio", "threading", "concurrent", "selectors", "ssl", "contextlib")
"""Modules of the standard library between a caller and its socket."""


class Guard:
    """Refuses what would not be redirected, from `start` until the process ends."""

    def __init__(self, target: Target, log: RedirectLog) -> None:
        self._log = log
        self._addresses = frozenset((_plain(host), port) for host, port in target.addresses)
        self._target_hosts = frozenset(host for host, _ in self._addresses)
        self._hosts: frozenset[str] = frozenset()
        self._ports: frozenset[tuple[str, int]] = frozenset()
        self._variable = os.environ[VARIABLE]
        self._asking = threading.local()
        self._handlers: dict[str, Callable[..., None]] = {
            "socket.getaddrinfo": self._resolve,
            "socket.gethostbyname": self._resolve,
            "socket.connect": self._connect,
            "import": self._import,
            "subprocess.Popen": self._popen,
            "os.exec": self._spawn,
            "os.posix_spawn": self._spawn,
            "os.putenv": self._putenv,
            "os.unsetenv": self._unsetenv,
        }
        for named in target.named_hosts:
            host, colon, port = named.rpartition(":")
            if colon and port.isdecimal():
                self.refuse([(host, int(port))])
            else:
                self._hosts |= {_plain(named)}

    def start(self) -> None:
        """Start to watch; an audit hook cannot be removed."""
        handlers = self._handlers

        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            handler = handlers.get(event)
            if handler is not None:
                handler(*arguments)

        sys.addaudithook(audit)

    def refuse(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Block these hosts from now on; on this machine, only these ports."""
        for host, port in addresses:
            host = _plain(host)
            if (host, port) in self._addresses:
                continue
            self._ports |= {(host, port)}
            if host == "localhost":
                self._ports |= {("127.0.0.1", port), ("::1", port)}
            elif host not in self._target_hosts and not _is_loopback(host):
                self._hosts |= {host}

    def _resolve(self, host: Any, port: Any = None, *_: Any) -> None:
        self._check(host, port)

    def _connect(self, _: Any, address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2:
            self._check(*address[:2])

    def _check(self, host: Any, port: Any) -> None:
        host = _plain(host)
        if (host, port) in self._addresses:
            return
        if host in self._hosts or (host, port) in self._ports:
            raise self._refused(
                f"a connection to {host}:{port}, which the program names as its database, would "
                "not be redirected"
            )
        if _asked_by_driver(sys._getframe(3)):
            raise self._refused(
                f"python-oracledb connects to {host}:{port} instead of the redirect's target"
            )

    def _import(self, module: str, *_: Any) -> None:
        why = OTHER_DRIVERS.get(module)
        if why is not None:
            what = f"{module} cannot be redirected: {why}"
            self._log.refused(what)
            raise DriverRefused(what)

    def _popen(self, executable: Any, arguments: Any, _: Any, environment: Any) -> None:
        self._spawn(executable, arguments, environment)

    def _spawn(self, executable: Any, arguments: Any, environment: Any) -> None:
        if getattr(self._asking, "probing", False):
            return
        self._asking.probing = True
        try:
            why = child_escape(executable, arguments, environment, self._variable)
        finally:
            self._asking.probing = False
        if why is not None:
            raise self._refused(why)

    def _putenv(self, name: Any, value: Any) -> None:
        if os.fsdecode(name) == VARIABLE and os.fsdecode(value) != self._variable:
            raise self._refused(f"the program changes {VARIABLE}, which its children must inherit")

    def _unsetenv(self, name: Any) -> None:
        if os.fsdecode(name) == VARIABLE:
            raise self._refused(f"the program removes {VARIABLE}, which its children must inherit")

    def _refused(self, what: str) -> RedirectError:
        self._log.refused(what)
        return RedirectError(what)


def _plain(host: Any) -> str:
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    return str(host).lower().rstrip(".").strip("[]")


def _is_loopback(host: str) -> bool:
    return host == "::1" or host.startswith("127.")


def _asked_by_driver(frame: FrameType | None) -> bool:
    """Whether python-oracledb called into the standard library here.

    Its own code is compiled and has no frame; its Python modules and its callers have one.
    """
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module == "asyncio.events" and frame.f_code.co_name == "_run":
            break  # what called the event loop did not call this
        if module.partition(".")[0] not in _BETWEEN:
            return module.startswith("oracledb.")
        frame = frame.f_back
    return _runs_driver_task() or _runs_driver_thread()


def _runs_driver_thread() -> bool:
    target = getattr(threading.current_thread(), "_target", None)
    return type(getattr(target, "__self__", None)).__module__.startswith("oracledb.")


def _runs_driver_task() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        return False
    coroutine = task.get_coro() if task is not None else None
    return str(getattr(coroutine, "__module__", "")).startswith("oracledb.")
