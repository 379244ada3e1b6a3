"""Pages link to files of the repository as readers of the sources need it; here they find pages."""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

_PAGES = {
    "notebooks/": "/notebooks/",
    "tracekit/localdb/SQL.md": "/sql.md",
    "CHANGELOG.md": "/changelog.md",
    "CONTRIBUTING.md": "/contributing.md",
    "README.md": "/index.md",
    "docs/": "/",
}
"""A file or folder of the repository to the page or folder that shows it."""
_LINK = re.compile(r"\]\(((?:\.\./)[^)#\s]+)(#[^)\s]*)?\)")


def _to_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    def page(match: re.Match[str]) -> str:
        path = posixpath.normpath(match[1]).removeprefix("../")
        for start, shown in _PAGES.items():
            if path.startswith(start):
                return f"]({shown}{path.removeprefix(start)}{match[2] or ''})"
        return f"](path:{match[1].replace('report.md', 'report.html')})"  # a file to download

    source[0] = _LINK.sub(page, source[0])


def _copy_notebooks(app: Sphinx) -> None:
    """Pages must lie below the pages' folder."""
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    for notebook in (Path(app.srcdir).parent / "notebooks").glob("*.ipynb"):
        copy = folder / notebook.name
        if not copy.exists() or copy.read_bytes() != notebook.read_bytes():
            shutil.copyfile(notebook, copy)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.connect("builder-inited", _copy_notebooks)
    app.connect("source-read", _to_pages)
    return {"parallel_read_safe": True}
