"""The page when things go wrong: canceled, killed, cut; and without a mouse, light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.integration.browser import chromium
from tests.polling import until
from tracekit import LocalOracle
from tracekit.experiment.pipeline import Pipeline

DEADLINE_MS = 60_000
HISTORY = "DW_MES_LOTWIPHISTORY"
READABLE_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3

TEXTS = [
    *("h1", "#about", "#facts", "#run", "#clear", "#cids", "#verdict", "#problem"),
    *("#tabs button", "#grid .head span", "#grid .rows span", "#grid .null"),
]
CONTRASTS = """(chosen) => {
    const parse = (color) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (color) => {
        const [r, g, b] = parse(color).map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const back = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (color !== "rgba(0, 0, 0, 0)") return color;
        }
    };
    const found = {};
    for (const name of chosen) {
        const element = document.querySelector(name);
        const [a, b] = [luminance(getComputedStyle(element).color), luminance(back(element))];
        found[name] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle("trace-tiny") as found:
        yield found


@pytest.fixture(scope="module")
def pipeline(local: LocalOracle) -> Iterator[Pipeline]:
    settings = {"TRACE_STREAM_BATCH_SIZE": "50"}
    with Pipeline(local.database.arguments, settings=settings) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, pipeline: Pipeline, local: LocalOracle) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    found = context.new_page()
    found.set_default_timeout(DEADLINE_MS)
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.goto(pipeline.url)
    found.get_by_role("textbox", name="CIDs").fill(" ".join(local.keys()))
    yield found
    context.close()
    local.faults.release()
    local.faults.clear()
    assert errors == []


def run(page: Page) -> None:
    page.get_by_role("button", name="Run").click()


def horses(pipeline: Pipeline) -> list[psutil.Process]:
    found = []
    for one in psutil.Process(pipeline.pid).children(recursive=True):
        try:
            if "tracekit.jobs.horse" in one.cmdline():
                found.append(one)
        except psutil.Error:
            continue
    return found


def test_a_running_job_is_canceled(page: Page, pipeline: Pipeline, local: LocalOracle) -> None:
    stall = local.faults.stall(rows=10, statement=HISTORY)
    run(page)
    expect(page.locator("#state")).to_have_text("started", timeout=DEADLINE_MS)
    until(lambda: local.faults.fired[stall])
    page.get_by_role("button", name="Cancel").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("JOB_CANCELED", timeout=DEADLINE_MS)
    expect(page.locator("#state")).to_have_text("canceled")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    expect(page.get_by_role("grid")).to_be_hidden()
    until(lambda: not horses(pipeline))


@pytest.mark.timeout(240)
def test_a_killed_worker_and_each_retry_are_reported(
    page: Page, pipeline: Pipeline, local: LocalOracle
) -> None:
    local.faults.stall(rows=10, statement=HISTORY)
    run(page)
    seen: set[int] = set()
    for tries in range(3):
        until(lambda: [one for one in horses(pipeline) if one.pid not in seen])
        for horse in horses(pipeline):
            seen.add(horse.pid)
            horse.kill()
        if tries < 2:
            expect(page.locator("#facts")).to_contain_text(
                f"{tries + 1} retried after WORKER_KILLED", timeout=DEADLINE_MS
            )
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("WORKER_KILLED", timeout=DEADLINE_MS)
    expect(problem).to_contain_text("SIGKILL")
    expect(problem).to_contain_text("Its memory peaked at")
    expect(page.locator("#verdict")).to_be_hidden()


def test_a_worker_without_memory_is_reported(page: Page) -> None:
    failed = {
        "status": "failed",
        "progress": 0.5,
        "cids": 50,
        "cids_done": 25,
        "rows": 250,
        "elapsed_seconds": 2.0,
        "retries": [],
        "error": {
            "code": "WORKER_OUT_OF_MEMORY",
            "message": "The worker's process reached its memory limit.",
        },
    }
    accepted = {"job_id": "x", "status_url": "/api/trace/job/x", "stream_url": "/none"}
    page.context.route("**/events", lambda route: route.fulfill(status=202, json=accepted))
    page.context.route("**/api/trace/job/x", lambda route: route.fulfill(json=failed))
    run(page)
    expect(page.get_by_role("alert")).to_contain_text(
        "WORKER_OUT_OF_MEMORY: The worker's process reached its memory limit.", timeout=DEADLINE_MS
    )


def test_a_stream_cut_twice_is_resumed_to_the_same_total(page: Page) -> None:
    asked: list[str] = []

    def cut(route: Route) -> None:
        asked.append(route.request.url.partition("?")[2])
        lines = route.fetch().body().splitlines(keepends=True)
        whole = len(asked) > 2
        # In the middle of a line the second time.
        kept = lines if whole else lines[: 3 + len(asked)]
        body = b"".join(kept)
        route.fulfill(status=200, body=body if len(asked) != 2 else body[:-40])

    page.context.route("**/stream*", cut)
    run(page)
    problem = page.get_by_role("alert")
    for _ in range(2):
        expect(problem).to_contain_text("STREAM_CUT", timeout=DEADLINE_MS)
        page.get_by_role("button", name="Resume").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("verified", timeout=DEADLINE_MS)
    total = (verdict.text_content() or "").split()[1]
    expect(page.get_by_role("tab")).to_have_text(f"history: {total}")
    assert asked == ["", "after=history%3A1", "after=history%3A3"]


def test_all_of_it_works_by_keyboard(page: Page) -> None:
    page.get_by_label("materials").focus()
    page.keyboard.press("Space")
    page.get_by_role("textbox", name="CIDs").focus()
    for _ in range(3):  # upload, clear, run: the workload's button is not offered here
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("verified", timeout=DEADLINE_MS)
    tabs = page.get_by_role("tab")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    grid = page.get_by_role("grid")
    page.keyboard.press("Tab")
    expect(grid).to_be_focused()
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    active = grid.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}.active")).to_be_visible()


OVERHANG = """() => Math.max(
    ...[...document.querySelectorAll("main > *, main fieldset, main label")]
        .map((one) => one.getBoundingClientRect().right)
) - innerWidth"""


def test_everything_can_be_read_and_nothing_sticks_out(page: Page) -> None:
    run(page)
    expect(page.locator("#verdict")).to_contain_text("verified", timeout=DEADLINE_MS)
    page.evaluate("document.getElementById('problem').hidden = false")
    backgrounds = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for name, contrast in page.evaluate(CONTRASTS, TEXTS).items():
            assert contrast >= READABLE_CONTRAST, (scheme, name)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(OVERHANG) <= 0, (scheme, width)
    assert len(backgrounds) == 2
