"""The seven domains: what is asked per CID, and the query that asks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tracekit.errors import ConfigError

CID_COLUMN = "CONTAINERID"
"""The column a record is grouped by."""
CID_LIST_COLUMN = "CONTAINERIDS"
"""In a domain that fans out: the column whose text lists several CIDs."""

_SQL_DIR = Path(__file__).parent / "sql"
_FILTER = re.compile(r"\{\{ CONTAINER_FILTER:([A-Za-z0-9_.]+) \}\}")


@dataclass(frozen=True)
class Domain:
    """A kind of event fetched per CID."""

    name: str
    fans_out: bool = False
    """One row belongs to every CID its CONTAINERIDS text names."""

    def query(self, batch: Sequence[str]) -> tuple[str, dict[str, str]]:
        """The SQL for one batch of ids, and its binds `p0`, `p1`, ... in the batch's order."""
        condition = _like_any if self.fans_out else _in_list
        sql = _query_text(self.name, len(batch), condition)
        return sql, {f"p{index}": cid for index, cid in enumerate(batch)}


DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("history"),
        Domain("materials"),
        Domain("rejects"),
        Domain("holds"),
        Domain("jobs", fans_out=True),
        Domain("upstream_history"),
        Domain("downstream_rejects"),
    )
}


def find_domain(name: str) -> Domain:
    """The domain called `name`.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    try:
        return DOMAINS[name]
    except KeyError:
        raise ConfigError(f"{name!r} is no domain; there are {', '.join(DOMAINS)}.") from None


@lru_cache(maxsize=32)
def _query_text(name: str, cid_count: int, condition: Callable[[str, int], str]) -> str:
    template = (_SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
    return _FILTER.sub(lambda found: condition(found[1], cid_count), template)


def _in_list(column: str, cid_count: int) -> str:
    return f"{column} IN ({', '.join(f':p{index}' for index in range(cid_count))})"


def _like_any(column: str, cid_count: int) -> str:
    tests = (f"{column} LIKE '%' || :p{index} || '%'" for index in range(cid_count))
    return f"({' OR '.join(tests)})"
