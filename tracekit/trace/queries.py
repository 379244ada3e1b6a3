"""The seven queries of the incident, one for each kind of event of a production lot."""

from __future__ import annotations

from functools import lru_cache

from tracekit.errors import ConfigError
from tracekit.keyed import Query
from tracekit.keyed.query import KEYS_PER_STATEMENT
from tracekit.workloads import shipped_folder

DOMAINS = (
    "history",
    "materials",
    "rejects",
    "holds",
    "jobs",
    "upstream_history",
    "downstream_rejects",
)
"""Names of the queries."""
_KEYS_PER_STATEMENT = {"jobs": 500}
"""Domains whose ids are not in an IN list, but in a constructor with fewer values."""
SHORT_TTL_SECONDS = {"holds": 180, "jobs": 180}
"""How long the event cache keeps domains whose open records change often."""


@lru_cache
def domain_query(domain: str) -> Query:
    """The query of a domain, whose rows are grouped by CONTAINERID.

    Raises:
        ConfigError: the domain is unknown; the message lists the known ones.
    """
    if domain not in DOMAINS:
        raise ConfigError(f"unknown domain {domain!r}; expected one of {', '.join(DOMAINS)}")
    return Query(
        shipped_folder() / "trace" / f"{domain}.sql",
        key="CONTAINERID",
        keys_per_statement=_KEYS_PER_STATEMENT.get(domain, KEYS_PER_STATEMENT),
        name=domain,
    )
