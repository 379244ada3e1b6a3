"""How docstrings become pages: not those of modules, and with dashes after names."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def _without_modules(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """A module's docstring is for readers of the code; its page has its own introduction."""
    if what == "module":
        lines.clear()


def _with_dashes(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for text in list(doctree.findall(nodes.Text)):
        if text.astext() == " -- ":  # smart quotes are off, because `--keys` is an option
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.connect("autodoc-process-docstring", _without_modules)
    app.connect("doctree-resolved", _with_dashes)
    return {"parallel_read_safe": True}
