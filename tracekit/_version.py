"""The one place that states tracekit's version."""

__version__ = "0.1.0"
