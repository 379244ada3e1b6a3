"""Answering recorded statements by their text: a file that was made from a shape, served.

What a shape recorded is looked up by the statement's hash and answered from the rows that were
made from it. The statement itself is never translated, so it may be any SQL.
"""

from tracekit.localdb.recorded.backend import RecordedBackend, recorded_backend

__all__ = ["RecordedBackend", "recorded_backend"]
