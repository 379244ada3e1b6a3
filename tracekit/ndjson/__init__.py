"""Results as lines of JSON: how they are written, and how a reader knows that it has them all.

Every line is one object with a `type`, in this order: `meta`; for each domain `domain_start`,
`records` and `domain_end`; `aggregation`; `warning`; last `complete`, or `error`. `complete` holds
the rows of each domain and the SHA-256 of every byte before it. A stream that ends with neither is
incomplete.

A stream can be taken up again behind any `records` line, named `DOMAIN:CHUNK`. It then begins with
a `meta` whose `resumed` says how many rows of each domain came before, leaves out what came before,
and still ends with the totals of the whole; its checksum is over its own bytes.
"""

from tracekit.ndjson.position import Position
from tracekit.ndjson.reader import RecordStream, read_stream
from tracekit.ndjson.writer import MEDIA_TYPE, LineWriter

__all__ = ["MEDIA_TYPE", "LineWriter", "Position", "RecordStream", "read_stream"]
