"""Fetch a query for many keys: batches of keys, lean records, table, file, stream, cache."""

from tracekit.keyed.keyed_fetcher import KeyedFetcher
from tracekit.keyed.legacy_fetcher import LegacyFetcher
from tracekit.keyed.partial_records import PartialRecords
from tracekit.keyed.query import Key, Query
from tracekit.keyed.record import Record, RecordsByKey

__all__ = [
    "Key",
    "KeyedFetcher",
    "LegacyFetcher",
    "PartialRecords",
    "Query",
    "Record",
    "RecordsByKey",
]
