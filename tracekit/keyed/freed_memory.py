"""Return memory that the allocator keeps to the system during a long fetch."""

from __future__ import annotations

import sys


def release_freed_memory() -> None:
    """Make Arrow's allocator return its unused memory to the system.

    Worker threads allocate buffers and the consumer's thread frees them, in any order. The gaps
    between live buffers stay with the allocator, so a stream's memory would grow with the rows
    that passed through. Does nothing if Arrow was not used.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
