"""The page at 1,000 rows and at a million: `python -m tests.bench.page_at_size --out FOLDER`.

Serves the incident's workload, runs a job of two sizes in Chromium, writes a screenshot of each in
light and dark at desk and phone width, and prints how long frames took while the table was
scrolled through: of 600 scroll steps the median, the 99th percentile and the longest. Anything
else on the machine adds to these, and so does software rendering, as in a headless browser; the
CPU time of the page's main thread per frame is what the page itself takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.integration.browser import chromium
from tests.integration.service_bench import served

SMALL_CIDS, LARGE_CIDS = 100, 114_000
DEADLINE_MS = 600_000
STEPS = 600
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
SCROLL = """async (steps) => {
    const grid = document.getElementById("grid"), frames = [];
    let last = await new Promise(requestAnimationFrame);
    for (let step = 0; step <= steps; step++) {
        grid.scrollTop = ((grid.scrollHeight - grid.clientHeight) * step) / steps;
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        last = now;
    }
    return frames.slice(1).sort((a, b) => a - b);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--out", type=Path, default=Path("profiles/runs/page"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    settings = {"TRACE_ASYNC_CID_THRESHOLD": "0"}
    with (
        served("trace-114k", out / "serve.log", **settings) as (url, _, _),
        chromium() as browser,
    ):
        for cids in (SMALL_CIDS, LARGE_CIDS):
            _look(browser, url, cids, out)


def _look(browser: Browser, url: str, cids: int, out: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    page.get_by_role("button", name="All of the workload").click()
    expect(page.locator("#cid-count")).to_have_text(f"{LARGE_CIDS:,}", timeout=DEADLINE_MS)
    if cids < LARGE_CIDS:
        ids = page.request.get(f"{url}api/trace/workload/ids?limit={cids}").json()
        page.get_by_role("button", name="Clear").click()
        page.get_by_role("textbox", name="CIDs").fill("\n".join(ids["container_ids"]))
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#progress")).to_be_visible()
    _shoot(page, out, f"{cids}-cids-running")
    expect(page.locator("#verdict")).to_contain_text("complete", timeout=DEADLINE_MS)
    print(f"{cids:,} CIDs: {page.locator('#verdict').text_content()}")
    _shoot(page, out, f"{cids}-cids")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _main_thread_seconds(session)
    frames = page.evaluate(SCROLL, STEPS)
    spent = 1000 * (_main_thread_seconds(session) - before) / STEPS
    median, high = frames[len(frames) // 2], frames[int(len(frames) * 0.99)]
    print(
        f"  frames: median {median:.1f} ms, p99 {high:.1f} ms, longest {frames[-1]:.1f} ms; "
        f"main thread {spent:.1f} ms CPU a frame"
    )
    page.close()


def _main_thread_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def _shoot(page: Page, out: Path, name: str) -> None:
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(200)
            page.screenshot(path=out / f"{name}-{size}-{scheme}.png")
    page.set_viewport_size({"width": 1280, "height": 800})


if __name__ == "__main__":
    main()
