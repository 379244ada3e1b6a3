"""The environment of a measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """Versions, and facts about the machine that figures depend on."""

    python: str
    oracledb: str
    pandas: str
    pyarrow: str
    memray: str
    platform: str
    cpu_count: int
    arrow_memory_pool: str
    """Backend of Arrow's default pool in the measured children: system, jemalloc or mimalloc."""
    server: str
    """The database: `local Oracle (duckdb 2.0.0)` or the real database's version."""
