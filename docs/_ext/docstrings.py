"""Module docstrings are for who reads the module; its page has an introduction of its own."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def _without_modules(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    if what == "module":
        lines.clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.connect("autodoc-process-docstring", _without_modules)
    return {"parallel_read_safe": True}
