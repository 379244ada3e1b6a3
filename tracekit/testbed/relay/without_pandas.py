"""Keep pandas out of the process: Arrow would load its 33 MiB to inspect plain lists."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType


class WithoutPandas:
    """A finder that reports pandas as not installed."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Refuse pandas; leave all other modules to the next finders."""
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, WithoutPandas)
