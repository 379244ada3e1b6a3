"""A query as it is written down: in a workload's definition, a summary, a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class QueryDefinition:
    """SQL, the columns its rows are grouped by, and what is bound beside the keys."""

    name: str
    sql: str
    key: tuple[str, ...] = ()
    binds: dict[str, Any] = field(default_factory=dict)
    keys_per_statement: int = 1000
