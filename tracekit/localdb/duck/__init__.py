"""The local Oracle's database: DuckDB behind the interface of `tracekit.localdb.backend`."""

from tracekit.localdb.duck.backend import DuckBackend, open_backend

__all__ = ["DuckBackend", "open_backend"]
