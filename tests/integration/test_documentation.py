"""The commands and code in README and the guides work, and their links lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.integration.documentation import PAGES, ROOT, make_bank, run

_LINK = re.compile(r"\]\(([^)]+)\)")
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        found = page.parent / target
        assert found.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {title.lower().replace(" ", "-") for title in titles}, link


def test_readme_is_short_enough_to_be_read():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the quick start makes, by its own words."""
    folder = tmp_path_factory.mktemp("bank")
    make_bank(folder)
    return folder


def _run(folder: Path, *arguments: str) -> str:
    return run(folder, sys.executable, *arguments)


def test_the_quick_start_passes_as_it_says(bank: Path):
    said = _run(bank, "-m", "tracekit", "replay", "payments", "-q", "--no-profile")
    assert said.startswith("PASSED: EQUAL at level value (new, lean); peak LOWER: ")


def test_the_guide_to_a_proof(bank: Path):
    asked = ("payments", "--left", "jobs:load", "--right", "jobs:stream", "-q")
    said = _run(bank, "-m", "tracekit", "prove", *asked)
    assert said.startswith(
        "stream against load: equal at level value by NaN/NaT/NA = None, Timestamp = datetime;"
    )
    assert "MEMO: NaN -> None in 28,572 cells" in said


def test_python_of_the_quick_start(bank: Path):
    page = (ROOT / "docs/quick-start.md").read_text(encoding="utf-8")
    (bank / "demo.py").write_text(_PYTHON.findall(page)[-1], encoding="utf-8")
    assert "equal at level exact" in _run(bank, "demo.py")


@pytest.mark.parametrize("page", ["gate-a-pull-request", "test-without-oracle"])
def test_tests_of_the_guides(bank: Path, page: str):
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    file = bank / f"test_{page.replace('-', '_')}.py"
    file.write_text("".join(_PYTHON.findall(text)), encoding="utf-8")
    assert " passed" in _run(bank, "-m", "pytest", "-q", "-p", "no:cacheprovider", file.name)
