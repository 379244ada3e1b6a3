"""Every block of code in README and the guides runs, page by page, in the quick start's folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.documentation import PAGES, blocks, make_bank, run

RUN = {"console", "ipython", "python"}
SHOWN = {"text", "toml", "sql"}
_WITH_CODE = [page for page in PAGES if RUN & {block.language for block in blocks(page)}]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_says_what_it_is(page: Path):
    languages = {block.language for block in blocks(page) if not block.language.startswith("{")}
    assert languages <= RUN | SHOWN, "one of these languages; `text` is output or a drawing"


def test_only_blocks_that_would_run_give_a_reason_why_not():
    idle = [block for page in PAGES for block in blocks(page) if block.reason]
    assert {block.language for block in idle} <= RUN


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    make_bank(folder)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", _WITH_CODE, ids=lambda page: page.stem)
def test_every_block_runs(page: Path, bank: Path, tmp_path: Path):
    folder = tmp_path / "bank"
    shutil.copytree(bank, folder)
    if page.stem == "quick-start":  # which makes it
        shutil.rmtree(folder / "data")
    cells: list[str] = []
    for number, block in enumerate(blocks(page)):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
            continue
        if block.reason or block.language not in RUN:
            continue
        if block.language == "console":
            for command in block.commands():
                run(folder, "bash", "-euo", "pipefail", "-c", command)
        elif block.language == "ipython":
            cells.append(block.text)
        elif "def test_" in block.text:
            (folder / f"test_{number}.py").write_text(block.text, encoding="utf-8")
            assert " passed" in run(
                folder, sys.executable, "-m", "pytest", "-q", f"test_{number}.py"
            )
        else:
            (folder / f"block_{number}.py").write_text(block.text, encoding="utf-8")
            run(folder, sys.executable, f"block_{number}.py")
    if cells:
        (folder / "cells.ipy").write_text("\n".join(cells), encoding="utf-8")
        said = run(folder, "ipython", "--no-banner", "--colors=NoColor", "cells.ipy")
        assert "Traceback" not in said, said
