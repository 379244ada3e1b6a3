"""Arrow's memory pools in a process that is measured while it runs.

pyarrow's default pool reserves 1 GiB of address space at its first use, which memray counts as
allocated, and later allocates from it unseen by memray. The system pool allocates
what is requested. Which pool Arrow's C++ code uses is decided once, when pyarrow is first used;
`pyarrow.set_memory_pool` affects only requests from Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"
_SYSTEM = "system"


def pin_arrow_pool() -> Callable[[], None]:
    """Make Arrow use the system's allocator if it is not loaded yet and no other was chosen.

    Returns:
        A function that undoes the setting; Arrow keeps the pool it started with.
    """
    if "pyarrow" in sys.modules or VARIABLE in os.environ:
        return lambda: None
    os.environ[VARIABLE] = _SYSTEM

    def undo() -> None:
        if os.environ.get(VARIABLE) == _SYSTEM:
            del os.environ[VARIABLE]

    return undo


@dataclass(frozen=True)
class _PoolState:
    held_bytes: int
    most_bytes: int
    handed_out_bytes: int


class ArrowPools:
    """Arrow's own pools over one stretch of this process, whose memory memray cannot see."""

    def __init__(self) -> None:
        self._before = _states()

    def unseen_bytes(self) -> int:
        """Maximum bytes that these pools can have allocated at once since this object was made."""
        unused = _PoolState(0, 0, 0)
        return sum(_growth(self._before.get(name, unused), now) for name, now in _states().items())


@contextmanager
def system_arrow_pool() -> Iterator[ArrowPools]:
    """Take new Arrow buffers from the system's allocator inside the block, if possible.

    This includes a pyarrow that is first imported inside the block, and processes started inside
    it; they keep the system's pool. A pool already in use makes its reservation before the block.
    """
    pyarrow = sys.modules.get("pyarrow")
    before = None
    if pyarrow is not None and pyarrow.default_memory_pool().backend_name != _SYSTEM:
        before = pyarrow.default_memory_pool()
        pyarrow.allocate_buffer(1, memory_pool=before)
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    chosen = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = _SYSTEM
    try:
        yield ArrowPools()
    finally:
        if chosen is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = chosen
        if pyarrow is not None and before is not None:
            pyarrow.set_memory_pool(before)


def _states() -> dict[str, _PoolState]:
    """The allocations of Arrow's own pools; memray sees those of the system's pool."""
    pyarrow: Any = sys.modules.get("pyarrow")
    if pyarrow is None:
        return {}
    pools = {
        name: getattr(pyarrow, f"{name}_memory_pool")()
        for name in pyarrow.supported_memory_backends()
        if name != _SYSTEM
    }
    return {
        name: _PoolState(
            pool.bytes_allocated(), pool.max_memory() or 0, pool.total_bytes_allocated()
        )
        for name, pool in pools.items()
    }


def _growth(before: _PoolState, now: _PoolState) -> int:
    """The pool's peak above `before`, or its upper bound if an earlier peak hides it."""
    return max(
        0,
        min(now.most_bytes - before.held_bytes, now.handed_out_bytes - before.handed_out_bytes),
    )
