"""Importing this keeps pandas out of the process: Arrow loads its 33 MiB to look at plain lists."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType


class WithoutPandas:
    """A finder that says pandas is not installed."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Refuse pandas; leave everything else to the finders after this one."""
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, WithoutPandas)
