"""A limit on the memory that one fetch may add to the process."""

from __future__ import annotations

import threading

import psutil

from tracekit.errors import ConfigError, MemoryBudgetExceeded
from tracekit.sizes import parse_size


class MemoryBudget:
    """Watches how much the process has grown since the fetch began.

    Resident memory counts, because the kernel kills by it, whichever allocator holds it. Freed
    memory that the fetch reuses does not count as growth; memory that other threads allocate
    meanwhile does.

    Args:
        budget: Bytes, or a size such as `2GiB`.

    Raises:
        ConfigError: `budget` is not a size above 0.
    """

    def __init__(self, budget: int | str) -> None:
        size = parse_size(budget, name="memory_budget") if isinstance(budget, str) else budget
        if size < 1:
            raise ConfigError(f"memory_budget={budget!r}: expected more than 0 bytes")
        self._budget_bytes = size
        self._process = psutil.Process()
        self._start_bytes = self._process.memory_info().rss
        self._lock = threading.Lock()
        self._rows = 0
        self._keys = 0

    def give_back(self, rows: int, keys: int) -> None:
        """Reset the counts of rows that were dropped and will be read again."""
        with self._lock:
            self._rows -= rows
            self._keys -= keys

    def spend(self, rows: int, keys: int) -> None:
        """Count `rows` new records and `keys` new keys, and check the memory.

        Raises:
            MemoryBudgetExceeded: the process has grown past the budget.
        """
        with self._lock:
            self._rows += rows
            self._keys += keys
            used_bytes = self._process.memory_info().rss - self._start_bytes
            if used_bytes > self._budget_bytes:
                raise MemoryBudgetExceeded(self._budget_bytes, used_bytes, self._rows, self._keys)
