"""What a reader may rely on in every notebook before it is run."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import tracekit
from tests.notebooks.stories import FOLDER, STORIES, read_story

_LARGEST_BYTES = 200_000
_MACHINE_PATH = re.compile(r"(/home/|/root/|/Users/|/tmp/|/work/|[A-Z]:\\\\)")
_LINK = re.compile(r"\]\(([^)#]+)")
_MAGIC = re.compile(r"^[%!].*$", re.MULTILINE)

every_story = pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)


def _code(story: Any) -> list[Any]:
    return [cell for cell in story.cells if cell.cell_type == "code"]


def _parsed(cell: Any) -> ast.Module:
    return ast.parse(_MAGIC.sub("", cell.source))


def test_there_are_five_and_each_leads_to_the_next():
    assert [story.name[:3] for story in STORIES] == ["01_", "02_", "03_", "04_", "05_"]
    for story, following in itertools.pairwise(STORIES):
        assert f"({following.name})" in story.read_text(encoding="utf-8")


@every_story
def test_the_opening_says_what_is_learnt_and_how_long_it_takes(path: Path):
    opening = read_story(path).cells[0]
    assert opening.cell_type == "markdown"
    title, *rest = opening.source.splitlines()
    assert title.startswith(f"# {path.name[:2]} · ")
    text = "\n".join(rest)
    assert text.index("**What you will learn:**") < text.index("**How long it takes:**")


@every_story
def test_one_cell_of_plain_assignments_holds_the_parameters(path: Path):
    story = read_story(path)
    tagged = [cell for cell in story.cells if "parameters" in cell.metadata.get("tags", ())]
    assert tagged == _code(story)[:1]
    statements = _parsed(tagged[0]).body
    assert all(isinstance(statement, ast.Assign) for statement in statements)
    values = {
        statement.targets[0].id: ast.literal_eval(statement.value)  # type: ignore[attr-defined]
        for statement in statements
    }
    assert values["WORKLOAD"] == "trace-smoke"
    assert values["DSN"] is None
    assert "KEYS" in values
    assert ("DOMAIN" in values) == (path.name[:2] != "05")  # which reads a table of its own choice


@every_story
def test_only_public_names_of_tracekit_and_what_readers_know_is_imported(path: Path):
    known = {"tracekit", "pandas", "matplotlib", "IPython", *sys.stdlib_module_names}
    for cell in _code(read_story(path)):
        for node in ast.walk(_parsed(cell)):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= known - {"tracekit"}
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] in known
                if (node.module or "").startswith("tracekit"):
                    assert node.module == "tracekit"
                    assert {name.name for name in node.names} <= set(tracekit.__all__)


@every_story
def test_it_is_committed_without_outputs_and_traces_of_a_machine(path: Path):
    assert path.stat().st_size < _LARGEST_BYTES
    assert not _MACHINE_PATH.search(path.read_text(encoding="utf-8"))
    story = read_story(path)
    assert story.metadata.kernelspec.name == "python3"
    for cell in _code(story):
        assert cell.outputs == []
        assert cell.execution_count is None


@every_story
def test_cell_ids_are_names_so_that_a_diff_shows_what_changed(path: Path):
    ids = [cell.id for cell in read_story(path).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)


@every_story
def test_links_to_files_lead_somewhere(path: Path):
    for cell in read_story(path).cells:
        for target in _LINK.findall(cell.source) if cell.cell_type == "markdown" else ():
            assert "://" in target or (FOLDER / target).exists(), target
