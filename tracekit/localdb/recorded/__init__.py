"""Serve a file made from a shape: answer recorded statements by their text.

The server looks up a recorded statement by its hash and answers it with the rows generated for it.
It does not translate the statement, which can therefore be any SQL.
"""

from tracekit.localdb.recorded.backend import RecordedBackend, recorded_backend

__all__ = ["RecordedBackend", "recorded_backend"]
