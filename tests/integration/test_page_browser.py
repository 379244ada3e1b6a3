"""The page in a real browser, on the service as `tracekit serve` starts it."""

from __future__ import annotations

import hashlib
import json
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.browser import chromium
from tests.integration.service_bench import served
from tracekit.ndjson import read_stream

DEADLINE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    talk = tmp_path_factory.mktemp("serve") / "stderr"
    settings = {"TRACE_ASYNC_CID_THRESHOLD": "500", "TRACE_STREAM_BATCH_SIZE": "1000"}
    with served("trace-smoke", talk, **settings) as (found, process, started):
        yield found
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130, talk.read_text()
        assert psutil.wait_procs(started, timeout=10)[1] == []


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    found = context.new_page()
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.goto(url)
    yield found
    context.close()
    assert errors == []


def choose_all(page: Page) -> None:
    page.get_by_role("button", name="All of the workload").click()
    expect(page.locator("#cid-count")).to_have_text("2,000")
    page.get_by_label("materials").check()


def test_a_job_is_run_and_its_rows_are_read_by_keyboard(page: Page, tmp_path: Path) -> None:
    choose_all(page)
    page.get_by_role("button", name="Run").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("rows, SHA-256", timeout=DEADLINE_MS)
    expect(page.locator("#facts")).to_contain_text("worker peak")
    tabs = page.get_by_role("tab")
    rows = [int((tab.text_content() or "").split()[1].replace(",", "")) for tab in tabs.all()]
    assert f"complete: {sum(rows):,} rows" in (verdict.text_content() or "")
    assert rows[0] > 10_000

    grid = page.get_by_role("grid")
    expect(grid.get_by_role("columnheader").first).to_have_text("CONTAINERID")
    grid.focus()
    grid.press("End")
    expect(page.locator(f"#row-{rows[0] - 1}.active")).to_be_visible()
    assert page.locator("#grid .rows > .row").count() < 100
    grid.press("Home")
    expect(page.locator("#row-0.active")).to_be_visible()
    tabs.nth(1).click()
    expect(grid.get_by_role("columnheader").nth(2)).to_have_text("MATERIALPARTNAME")
    (tmp_path / "page-light.png").write_bytes(page.screenshot())
    page.emulate_media(color_scheme="dark")
    (tmp_path / "page-dark.png").write_bytes(page.screenshot())


def test_a_stream_that_is_cut_is_resumed(page: Page) -> None:
    asked: list[str] = []

    def cut(route: object) -> None:
        asked.append(route.request.url)  # type: ignore[attr-defined]
        if len(asked) > 1:
            route.continue_()  # type: ignore[attr-defined]
            return
        lines = route.fetch().body().splitlines(keepends=True)  # type: ignore[attr-defined]
        route.fulfill(status=200, body=b"".join(lines[:4]))  # type: ignore[attr-defined]

    page.context.route("**/stream*", cut)
    choose_all(page)
    page.get_by_role("button", name="Run").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("STREAM_CUT", timeout=DEADLINE_MS)
    expect(problem).to_contain_text("2,000 rows were received")
    expect(page.locator("#verdict")).to_be_hidden()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#verdict")).to_contain_text("verified", timeout=DEADLINE_MS)
    assert [one.partition("?")[2] for one in asked] == ["", "after=history%3A1"]


def test_programs_read_the_job_that_the_page_shows(page: Page, url: str) -> None:
    choose_all(page)
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict")).to_contain_text("verified", timeout=DEADLINE_MS)
    stream = f"{url}api/trace/job/{page.url.partition('#job=')[2]}/stream"
    for _ in range(10):  # more than the service has threads
        with urllib.request.urlopen(stream) as left:
            assert left.read(10) == b'{"type":"m'
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda one: sum(1 for _ in read_stream(one)), [stream, stream])
    assert first == second
    assert f"complete: {first:,} rows" in (page.locator("#verdict").text_content() or "")
    page.reload()
    expect(page.locator("#verdict")).to_contain_text(f"{first:,} rows", timeout=DEADLINE_MS)


def test_small_requests_and_refusals_are_reported(page: Page) -> None:
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("NOTHING_CHOSEN")
    ids = page.request.get(page.url.replace("/page", "/workload/ids?limit=20")).json()
    page.get_by_role("textbox", name="CIDs").fill(" ".join(ids["container_ids"]))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Run").press("Enter")
    expect(page.locator("#verdict")).to_contain_text("rows.")
    page.get_by_role("textbox", name="CIDs").fill("X" * 100)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("INVALID_CONTAINER_IDS")


def test_numbers_stay_exact_and_checksums_are_right(page: Page) -> None:
    record = '{"A":9007199254740993,"B":"a\\"}]\\u4e2d","C":null,"D":-1.50}'
    fields = page.evaluate(
        "async (text) => (await import('./static/records.js')).parseRecord(text)", record
    )
    assert fields == [
        ["A", "number", "9007199254740993"],
        ["B", "text", 'a"}]中'],
        ["C", "null", "null"],
        ["D", "number", "-1.50"],
    ]
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]
    sums = page.evaluate(
        """async (sizes) => {
            const { Sha256 } = await import("./static/sha256.js");
            return sizes.map((size) => {
                const sha = new Sha256(), bytes = new Uint8Array(size).fill(97);
                sha.update(bytes.subarray(0, size / 3));
                sha.update(bytes.subarray(size / 3));
                return sha.hex();
            });
        }""",
        sizes,
    )
    assert sums == [hashlib.sha256(b"a" * size).hexdigest() for size in sizes]


MILLION = """async () => {
    const { RecordStore, scanRecords } = await import("./static/records.js");
    const { RecordTable } = await import("./static/table.js");
    const store = new RecordStore("history", 1000000);
    for (let chunk = 0; chunk < 200; chunk++) {
        const records = Array.from({ length: 5000 }, (_, row) => ({ ROW: chunk * 5000 + row }));
        const bytes = new TextEncoder().encode(JSON.stringify(records));
        store.add(bytes.buffer, scanRecords(bytes, 0).places);
    }
    const grid = document.getElementById("grid");
    grid.querySelector(".head").remove();
    new RecordTable(grid).show(store);
    const frames = [];
    let last = performance.now();
    for (let step = 0; step < 60; step++) {
        grid.scrollTop = (grid.scrollHeight * step) / 60;
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
    }
    return frames.sort((a, b) => a - b)[30];
}"""


def test_a_million_rows_scroll_and_every_one_can_be_reached(page: Page) -> None:
    median_frame_milliseconds = page.evaluate(MILLION)
    assert median_frame_milliseconds < 100  # some 16 on a machine with nothing else to do
    grid = page.get_by_role("grid")
    grid.focus()
    grid.press("End")
    expect(page.locator("#row-999999.active .number")).to_have_text("999999")
    grid.press("ArrowUp")
    expect(page.locator("#row-999998.active .number")).to_have_text("999998")
    assert page.locator("#grid .rows > .row").count() < 100
    grid.press("Home")
    expect(page.locator("#row-0.active .number")).to_have_text("0")


def test_a_damaged_stream_is_never_called_complete(page: Page) -> None:
    lines = [
        {"type": "meta", "job_id": "j", "domains": ["history"]},
        {"type": "domain_start", "domain": "history", "chunks": 1, "rows": 1},
        {
            "type": "records",
            "domain": "history",
            "batch": 0,
            "chunk": 0,
            "count": 1,
            "data": [{"A": 1}],
        },
        {"type": "domain_end", "domain": "history", "rows": 1},
    ]
    body = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    whole = {"type": "complete", "rows": 1, "domains": {"history": 1}}

    def ending(change: dict[str, object]) -> str:
        last = whole | {"sha256": hashlib.sha256(body).hexdigest()} | change
        text = (body + json.dumps(last).encode() + b"\n").decode()
        found: str = page.evaluate(
            """async (text) => {
                const { LineReader, readLines } = await import("./static/lines.js");
                const reader = new LineReader({}, null, () => {});
                try { await readLines(new Response(text).body, reader); return "complete"; }
                catch (error) { return error.code; }
            }""",
            text,
        )
        return found

    assert ending({}) == "complete"
    assert ending({"sha256": "0" * 64}) == "STREAM_DAMAGED"
    assert ending({"rows": 2}) == "STREAM_DAMAGED"
    assert ending({"domains": {"history": 2}}) == "STREAM_DAMAGED"
