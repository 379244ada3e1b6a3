"""The ways to read rows from Oracle: data frames, row batches, Arrow batches."""

from tracekit.fetch.connect import Database

__all__ = ["Database"]
