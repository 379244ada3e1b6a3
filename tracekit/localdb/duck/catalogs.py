"""Names of DuckDB's catalogues and schemas that do not belong to the user."""

from __future__ import annotations

MEMORY_CATALOG = "memory"
"""In memory: functions, data dictionary, and all tables unless a file is written in place."""
FILE_CATALOG = "base"
"""The DuckDB file that is served."""
PRIVATE_PREFIX = "TEMP$"
"""The prefix of schemas with one session's rows of temporary tables."""
