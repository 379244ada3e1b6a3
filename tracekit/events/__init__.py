"""Events of production lots: what is asked per CID, and the paths that fetch it."""

from tracekit.events.domains import DOMAINS, Domain
from tracekit.events.fetcher import EventFetcher
from tracekit.events.grouping import Events, Record
from tracekit.events.legacy import LegacyEventFetcher
from tracekit.events.partial import PartialEvents

__all__ = [
    "DOMAINS",
    "Domain",
    "EventFetcher",
    "Events",
    "LegacyEventFetcher",
    "PartialEvents",
    "Record",
]
