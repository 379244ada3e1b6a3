"""Events of production lots: what is asked per CID, and the paths that fetch it."""

from tracekit.keyed.domains import DOMAINS, Domain
from tracekit.keyed.fetcher import EventFetcher
from tracekit.keyed.grouping import Events, Record
from tracekit.keyed.legacy import LegacyEventFetcher
from tracekit.keyed.partial import PartialEvents

__all__ = [
    "DOMAINS",
    "Domain",
    "EventFetcher",
    "Events",
    "LegacyEventFetcher",
    "PartialEvents",
    "Record",
]
