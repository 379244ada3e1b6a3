"""Where a replay was made."""

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
        server: what was read.
        arrow_memory_pool: the pool a measured child had; None where none loaded Arrow, then it
            is the pool they were told to use.
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
    """What the server says it is.

    Raises:
        ConnectError: it could not be reached, or refused us.
    """
    with database.connect() as connection:
        return f"Oracle Database {connection.version}"
