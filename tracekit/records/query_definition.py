"""A query as stored in a workload's definition, a summary or a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class QueryDefinition:
    """SQL, the columns its rows are grouped by, and the other binds."""

    name: str
    sql: str
    key: tuple[str, ...] = ()
    binds: dict[str, Any] = field(default_factory=dict)
    keys_per_statement: int = 1000
