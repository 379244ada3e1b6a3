"""Run the cells of a notebook in this process, and read one of its variables."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracekit.extras import extra
from tracekit.programs.notebook import read_notebook
from tracekit.programs.own_imports import import_what_begins

_RAISES = "raises-exception"


class NotebookCells:
    """A notebook's cells in a shell of this process, without a Jupyter kernel.

    Magics and `await` work as in Jupyter, and displayed values stay alive. Outputs are discarded.

    Args:
        path: The notebook.

    Raises:
        ConfigError: it is not a Python notebook, or IPython is not installed (MissingExtra).
    """

    def __init__(self, path: Path) -> None:
        with extra("notebook"):
            from IPython.core.interactiveshell import InteractiveShell
            from traitlets.config import Config

        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        self._path = path
        self._cells = [cell for cell in read_notebook(path).cells if cell.cell_type == "code"]
        self._shell: Any = InteractiveShell.instance(config=config)

    def code(self) -> list[ast.Module]:
        """The cells as Python code, up to the first that is none."""
        found: list[ast.Module] = []
        with contextlib.suppress(SyntaxError):
            found.extend(ast.parse(self._shell.transform_cell(one.source)) for one in self._cells)
        return found

    def warm_up(self) -> None:
        """Import what the notebook begins with, and load what the shell needs to run a cell."""
        with _in_folder(self._path.absolute().parent):
            self._shell.run_cell("pass", silent=True)
            import_what_begins(self.code())

    def variable(self, name: str) -> Any:
        """The notebook's variable `name` once every cell has run; None if it has none.

        Raises:
            Exception: a cell raised it, and is not tagged `raises-exception`.
        """
        with _in_folder(self._path.absolute().parent):
            for cell in self._cells:
                ran = self._shell.run_cell(cell.source, store_history=True)
                if _RAISES not in cell.metadata.get("tags", []):
                    ran.raise_error()
        return self._shell.user_ns.get(name)


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Work in the notebook's folder and import from it, as Jupyter does."""
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(str(folder))
