"""Patch a module when the program imports it, and not before: loading it costs memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def patch_import(name: str, patch: Callable[[ModuleType], None]) -> None:
    """Call `patch` with the module `name`: now, if it is loaded, and whenever it is imported."""
    if name in sys.modules:
        patch(sys.modules[name])
    sys.meta_path.insert(0, _PatchedImport(name, patch))


class _PatchedImport(MetaPathFinder):
    """Runs `patch` on the module `name` as soon as it is loaded."""

    def __init__(self, name: str, patch: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._patch = patch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader patches it; None for every other module."""
        if fullname != self._name:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                self._patch_after(spec.loader)
                return spec
        return None

    def _patch_after(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self._patch(module)

        loader.exec_module = exec_module
