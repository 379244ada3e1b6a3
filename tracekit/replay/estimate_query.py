"""A query of one's own as a domain, so that every path can fetch by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracekit.keyed.domains import CID_COLUMN, DOMAINS, Domain
from tracekit.replay.paths import PathSubject

NAME = "sql"
"""What the domain of a query is called."""
_QUERY = re.compile(r"\s*(SELECT|WITH)\s", re.IGNORECASE)


def is_query(text: str) -> bool:
    """Whether `text` is SQL and no workload's name or file."""
    return _QUERY.match(text) is not None


@dataclass(frozen=True)
class QueryDomain(Domain):
    """The rows of `sql`, restricted to a batch of ids by its CONTAINERID column."""

    sql: str = ""

    def query(self, batch: Sequence[str]) -> tuple[str, dict[str, str]]:
        """The query for one batch of ids, and its binds."""
        binds = {f"p{index}": cid for index, cid in enumerate(batch)}
        names = ", ".join(f":{name}" for name in binds)
        inner = self.sql.strip().removesuffix(";")
        # The user's own query, run with the user's own rights.
        return f"SELECT * FROM ({inner}) WHERE {CID_COLUMN} IN ({names})", binds  # noqa: S608


class QueryPathSubject(PathSubject):
    """A path at work on a query.

    Args:
        sql: a query whose result has a CONTAINERID column.
        arguments: those of PathSubject; `domain` is `sql`.
    """

    def __init__(self, *, sql: str, **arguments: Any) -> None:
        DOMAINS[NAME] = QueryDomain(NAME, sql=sql)  # in the measured process only
        super().__init__(**arguments)
