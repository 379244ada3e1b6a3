"""Results as lines of JSON: writing them, and reading them so that nothing is missing unnoticed.

Every line is one object with a `type`, in this order: `meta`; for each domain `domain_start`,
`records` and `domain_end`; `aggregation`; `warning`; last `complete`, or `error`. `complete` holds
the rows of each domain and the SHA-256 of every byte before it. A stream that ends with neither is
incomplete.

A stream can be resumed after any `records` line, named `DOMAIN:CHUNK`. It then starts with a `meta`
whose `resumed` has the rows of each domain before that, leaves those out, and still ends with the
totals of the whole result; its checksum is over its own bytes.
"""

from tracekit.ndjson.position import Position
from tracekit.ndjson.reader import RecordStream, read_stream
from tracekit.ndjson.writer import MEDIA_TYPE, LineWriter

__all__ = ["MEDIA_TYPE", "LineWriter", "Position", "RecordStream", "read_stream"]
