"""Names of DuckDB's catalogues and schemas that are not the user's."""

from __future__ import annotations

MEMORY_CATALOG = "memory"
"""In memory: functions, the data dictionary, and all tables unless a file is written in place."""
FILE_CATALOG = "base"
"""The DuckDB file that is served."""
PRIVATE_PREFIX = "TEMP$"
"""Of schemas that hold one session's rows of temporary tables."""
