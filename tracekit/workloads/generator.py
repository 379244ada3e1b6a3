"""Generators: functions that fill a DuckDB file, named `module:function` in a definition.

A generator is called as `build(connection, workload, progress)` with an open DuckDB connection, the
Workload (its `size`, `seed`, `sysdate` and `parameters`), and a function that takes the current
step and the fraction done (0.0 to 1.0). The same workload must give the same rows everywhere. Its
module can have a `VERSION`, to be increased when the same workload would give other rows.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from tracekit.errors import WorkloadError

Progress = Callable[[str, float], None]
"""Called with the current step and the fraction done, from 0.0 to 1.0."""


def find_generator(name: str) -> Callable[..., None]:
    """The function that `module:function` names.

    Raises:
        WorkloadError: there is none.
    """
    module, _, function = name.partition(":")
    try:
        found: Callable[..., None] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as exc:
        raise WorkloadError(
            f"generator {name!r} cannot be loaded: {exc}. Expected module:function"
        ) from exc
    return found


def generator_version(name: str) -> Any:
    """The `VERSION` of a generator's module; 1 if it has none."""
    return getattr(importlib.import_module(find_generator(name).__module__), "VERSION", 1)
