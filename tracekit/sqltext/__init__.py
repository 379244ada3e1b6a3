"""Oracle SQL as text: its tokens, and which statements are the same. Runs nothing."""

from tracekit.sqltext.identity import normalise, statement_sha256, without_literals

__all__ = ["normalise", "statement_sha256", "without_literals"]
