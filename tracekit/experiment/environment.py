"""The environment of a replay."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from tracekit.oracle import Database
from tracekit.profiling import PINNED
from tracekit.records import Environment


def collect_environment(server: str, arrow_memory_pool: str | None = None) -> Environment:
    """This machine and its packages.

    Args:
        server: The server that was read.
        arrow_memory_pool: The pool a measured child used; None if none loaded Arrow, then it is
            the pool they were set to use.
    """
    return Environment(
        python=platform.python_version(),
        oracledb=version("oracledb"),
        pandas=version("pandas"),
        pyarrow=version("pyarrow"),
        memray=version("memray"),
        platform=platform.platform(),
        cpu_count=os.cpu_count() or 1,
        arrow_memory_pool=arrow_memory_pool or PINNED["ARROW_DEFAULT_MEMORY_POOL"],
        server=server,
    )


def server_version(database: Database) -> str:
    """The server's own description.

    Raises:
        ConnectError: it could not be reached, or refused the log-on.
    """
    with database.connect() as connection:
        return f"Oracle Database {connection.version}"
