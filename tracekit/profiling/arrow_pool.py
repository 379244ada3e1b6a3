"""Arrow's memory pool in a process that is measured while it runs.

pyarrow's default pool reserves 1 GiB of address space at its first use, which memray counts as
allocated, and hands out memory from it later unseen. The system pool allocates what is asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"


@contextmanager
def system_arrow_pool() -> Iterator[None]:
    """New Arrow buffers come from the system's allocator inside the block.

    Also where pyarrow is first imported inside it, or in a process started inside it; there the
    pool stays the system's.
    """
    pyarrow = sys.modules.get("pyarrow")
    before = None
    if pyarrow is not None and pyarrow.default_memory_pool().backend_name != "system":
        before = pyarrow.default_memory_pool()
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    chosen = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "system"
    try:
        yield
    finally:
        if chosen is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = chosen
        if pyarrow is not None and before is not None:
            pyarrow.set_memory_pool(before)
