"""Freed memory that the allocator keeps, given back while a long fetch goes on."""

from __future__ import annotations

import sys


def release_freed_memory() -> None:
    """Let Arrow's allocator give back to the system what it holds and nobody uses.

    Buffers are made by worker threads and freed by the consumer's, in any order; what lies between
    those in use stays with the allocator, and so a stream's memory would creep up with the rows
    that went through. Does nothing where Arrow was not used.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
