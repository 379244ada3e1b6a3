"""A notebook as its readers meet it: opened in JupyterLab, run from the menu, looked at."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.integration.browser import chromium
from tests.notebooks.jupyterlab import jupyterlab
from tests.notebooks.stories import FOLDER, read_story

_STORY = "02_where_the_memory_is.ipynb"
_MOST_MILLISECONDS = 150_000


@pytest.mark.timeout(400)  # 25 s where nothing else runs
def test_a_story_opens_in_jupyterlab_and_runs_to_its_end(tmp_path: Path):
    root = tmp_path / "notebooks"
    root.mkdir()
    shutil.copy(FOLDER / _STORY, root)
    code_cells = [cell for cell in read_story(FOLDER / _STORY).cells if cell.cell_type == "code"]

    with chromium() as browser, jupyterlab(root, tmp_path) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        _accept_the_kernel(page)
        page.goto(address.format(_STORY))
        cells = page.locator(".jp-Notebook .jp-CodeCell")
        expect(cells).to_have_count(len(code_cells), timeout=_MOST_MILLISECONDS)
        expect(page.locator(".jp-Notebook h1")).to_contain_text("Where the memory is")

        # Run before the kernel is connected, JupyterLab asks which one to take.
        expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=30_000)
        _run_all(page)
        last = cells.last.locator(".jp-InputPrompt")
        expect(last).to_have_text(re.compile(r"\[\d+\]:"), timeout=_MOST_MILLISECONDS)

        prompts = cells.locator(".jp-InputPrompt").all_inner_texts()
        assert [prompt.strip() for prompt in prompts] == [
            f"[{number}]:" for number in range(1, len(code_cells) + 1)
        ]
        assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
        report = page.frame_locator('iframe[title="replay report"]')
        expect(report.locator("h1")).to_contain_text("lean used")
        # A frame that is scrolled out of sight is not laid out, and its width decides the drawing.
        page.locator('iframe[title="replay report"]').scroll_into_view_if_needed()
        expect(report.locator(".flame:visible .frame").first).to_be_attached(timeout=30_000)
        expect(page.locator(".tracekit-peak").first).to_contain_text("heap peak")
        assert page.locator(".jp-OutputArea-output img").count() == 1
        # The report's page styles must not have reached the notebook's own page.
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none"
        page.close(run_before_unload=False)


def _accept_the_kernel(page: Page) -> None:
    question = page.locator(".jp-Dialog", has_text="Select Kernel")
    accept = question.get_by_role("button", name="Select", exact=True)
    page.add_locator_handler(question, lambda: accept.click())


def _run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
