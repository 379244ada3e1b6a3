"""A slice of a finished result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ResultPage:
    """Records `offset` to `offset + len(records)` of one domain."""

    domain: str
    offset: int
    limit: int
    total: int
    """Records the domain has."""
    records: list[dict[str, Any]]
    """As their JSON says them: dates are texts."""
