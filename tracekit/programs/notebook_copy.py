"""An executed notebook with one line about memory under every cell; the code is untouched."""

from __future__ import annotations

import copy
from html import escape
from typing import TYPE_CHECKING

from tracekit.records.program import ProgramReport, ProgramStatus
from tracekit.reports.program_sections import cell_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

_ERROR = "MemoryOfTheKernel"


def executed_copy(executed: NotebookNode, report: ProgramReport) -> str:
    """The notebook as text in Jupyter's format.

    Args:
        executed: The notebook with its outputs.
        report: The report on its cells.
    """
    import nbformat

    notebook = copy.deepcopy(executed)
    for cell in report.cells:
        line = cell_line(cell)
        outputs = notebook.cells[cell.index].outputs
        if cell.status is ProgramStatus.KILLED:  # the kernel could not report it
            outputs.append(
                nbformat.v4.new_output(  # type: ignore[no-untyped-call]
                    "error", ename=_ERROR, evalue=cell.reason or "", traceback=[cell.reason or ""]
                )
            )
        outputs.append(
            nbformat.v4.new_output(  # type: ignore[no-untyped-call]
                "display_data",
                data={"text/plain": line, "text/html": f"<small>{escape(line)}</small>"},
                metadata={"tracekit": {"memory": True}},
            )
        )
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text if text.endswith("\n") else text + "\n"
