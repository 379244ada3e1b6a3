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
    """Number of records of the domain."""
    records: list[dict[str, Any]]
    """As in their JSON: dates are text."""
