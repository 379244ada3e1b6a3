"""The terminal door: one file per command."""

from tracekit.cli.app import main

__all__ = ["main"]
