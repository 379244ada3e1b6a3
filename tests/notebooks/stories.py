"""The notebooks as files, and one of them run in a real kernel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
STORIES = sorted(FOLDER.glob("*.ipynb"))
_CELL_TIMEOUT_SECONDS = 100
_PROBE = """
import json as _json
print(_json.dumps({{name: eval(asked) for name, asked in {asked!r}.items()}}))
"""


@dataclass(frozen=True)
class StoryRun:
    """A notebook that was run from top to bottom."""

    facts: dict[str, Any]
    """What was asked of its variables in the end."""
    outputs: dict[str, list[Any]]
    """What each code cell put out, by cell id."""

    def text(self, cell: str) -> str:
        """All that a cell printed or showed, as plain text."""
        return "\n".join(
            output.text if output.output_type == "stream" else output.data.get("text/plain", "")
            for output in self.outputs[cell]
            if output.output_type != "error"
        )

    def kinds(self, cell: str) -> set[str]:
        """The MIME types a cell showed."""
        return {kind for output in self.outputs[cell] for kind in output.get("data", ())}

    def errors(self) -> dict[str, str]:
        """Cells that raised, and what."""
        return {
            cell: output.ename
            for cell, outputs in self.outputs.items()
            for output in outputs
            if output.output_type == "error"
        }

    def complaints(self) -> list[str]:
        """What the cells wrote to standard error, such as warnings."""
        return [
            output.text
            for outputs in self.outputs.values()
            for output in outputs
            if output.get("name") == "stderr"
        ]


def read_story(path: Path) -> Any:
    """The notebook, which must be valid as its format says."""
    story = nbformat.read(path, as_version=4)
    nbformat.validate(story)
    return story


def run_story(name: str, ask: dict[str, str]) -> StoryRun:
    """Run the notebook whose file name begins with `name`, then evaluate `ask` in its kernel."""
    (path,) = (story for story in STORIES if story.name.startswith(name))
    story = read_story(path)
    probe = nbformat.v4.new_code_cell(_PROBE.format(asked=ask), id="probe")
    story.cells.append(probe)
    NotebookClient(
        story,
        timeout=_CELL_TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()
    story.cells.pop()
    return StoryRun(
        json.loads(probe.outputs[0].text),
        {cell.id: cell.outputs for cell in story.cells if cell.cell_type == "code"},
    )
