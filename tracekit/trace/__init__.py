"""The worked example: the incident's seven queries, its fetchers and its generated workload."""

from tracekit.trace.event_fetcher import EventFetcher, LegacyEventFetcher
from tracekit.trace.queries import DOMAINS, domain_query

__all__ = ["DOMAINS", "EventFetcher", "LegacyEventFetcher", "domain_query"]
