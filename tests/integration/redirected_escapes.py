"""A program that tries to get around the redirect.

Run as `python redirected_escapes.py HOST:PORT`; prints one JSON object: each try, and its error.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import oracledb

HOST, PORT = sys.argv[1].rsplit(":", 1)
EASY = f"{HOST}:{PORT}/PROD"
LOGIN: dict[str, Any] = {"user": "scott", "password": "tiger"}
ELSEWHERE = f"127.0.0.8:{PORT}/PROD"
"""What no connection names, so that only who asks can give it away."""


def stripped() -> None:
    subprocess.run([sys.executable, "-c", ""], env={"PATH": os.environ["PATH"]}, check=True)


def removed() -> None:
    del os.environ["TRACEKIT_REDIRECT"]


def changed() -> None:
    os.environ["TRACEKIT_REDIRECT"] = ""


def other_python() -> None:
    subprocess.run([sys._base_executable, "-c", ""], check=True)


def replaced_by_exec() -> None:
    os.execv(sys.executable, [sys.executable, "-S", "-c", ""])


def hook_in_a_hook() -> None:
    def late(params: Any) -> None:
        params.parse_connect_string(ELSEWHERE)

    def hook(params: Any) -> None:
        oracledb.register_params_hook(late)

    oracledb.register_params_hook(hook)
    try:
        oracledb.connect(EASY, **LOGIN)
    finally:
        oracledb.unregister_params_hook(hook)
        oracledb.unregister_params_hook(late)


def older_pool() -> None:
    pool = object.__new__(oracledb.ConnectionPool)  # as one that another __init__ opened
    oracledb.Connection(pool=pool)


def arrow_driver() -> None:
    from adbc_driver_manager import dbapi

    dbapi.connect("driver.so", db_kwargs={"uri": f"oracle://scott:tiger@{EASY}"})


TRIES: dict[str, Callable[[], Any]] = {
    "thick": oracledb.init_oracle_client,
    "cx_Oracle": lambda: __import__("cx_Oracle"),
    "connectorx": lambda: __import__("connectorx"),
    "adbc": lambda: __import__("adbc_driver_oracle"),
    "adbc manager": arrow_driver,
    "child without site": lambda: subprocess.run([sys.executable, "-ES", "-c", ""], check=True),
    "child of another environment": stripped,
    "variable removed": removed,
    "variable changed": changed,
    "another Python": other_python,
    "exec": replaced_by_exec,
    "spawn": lambda: os.posix_spawn(sys.executable, [sys.executable, "-S"], dict(os.environ)),
    "older pool": older_pool,
    "hook in a hook": hook_in_a_hook,
    "socket": lambda: socket.create_connection((HOST, int(PORT))),
    "name": lambda: socket.getaddrinfo(HOST, int(PORT)),
}


def outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except Exception as exc:
        cause = exc.__cause__ or exc
        return f"{type(cause).__name__}: {cause}"
    return "escaped"


if __name__ == "__main__":
    oracledb.connect(EASY, **LOGIN).close()
    sys.stdout.write(json.dumps({name: outcome(attempt) for name, attempt in TRIES.items()}))
