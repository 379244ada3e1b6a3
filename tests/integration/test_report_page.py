"""report.html in a real browser: offline, no sideways scrolling, light and dark, with a graph."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

import tracekit
from tests.integration.browser import chromium


@pytest.fixture(scope="module", name="report")
def _report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done = tracekit.replay("trace-tiny", candidates=("legacy", "iterator"), keys=300, output=folder)
    return done.folder / "report.html"


def _luminance(color: str) -> float:
    red, green, blue = (int(part) for part in color.split("(")[1].rstrip(")").split(",")[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_stands_alone_at_every_width_and_in_both_schemes(report: Path) -> None:
    with chromium() as browser:
        for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
            )
            page = context.new_page()
            requests: list[str] = []
            faults: list[str] = []
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("pageerror", lambda error, seen=faults: seen.append(str(error)))
            page.on("console", lambda said, seen=faults: seen.append(said.text))
            page.goto(report.as_uri())

            overflow = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            colors = page.evaluate(
                "(({color, backgroundColor}) => [color, backgroundColor])"
                "(getComputedStyle(document.body))"
            )
            text, ground = map(_luminance, colors)

            assert overflow <= 0, f"scrolls sideways by {overflow} px at {width}"
            assert (ground < text) is (scheme == "dark")
            assert abs(ground - text) > 120
            assert requests == [report.as_uri()]
            assert not faults
            assert "EQUAL" in page.inner_text("body")
            assert page.locator("svg:visible").count() >= 1
            assert page.locator(".flame:visible").count() == 2  # the difference, the first tree
            context.close()


@pytest.fixture(name="flames")
def _flames(report: Path) -> Iterator[list[Locator]]:
    """The difference, and the call tree of the reference, in a page."""
    with chromium() as browser:
        page = browser.new_page(reduced_motion="reduce", offline=True)
        page.goto(report.as_uri())
        page.locator(".flame:visible .frame").first.wait_for()
        yield page.locator(".flame:visible").all()


def comes_to_width(frame: Locator, seems_right: Callable[[float], bool]) -> None:
    """Wait: even without an animation a width is set a moment later."""
    deadline = time.monotonic() + 20
    while not ((box := frame.locator("rect").bounding_box()) and seems_right(box["width"])):
        assert time.monotonic() < deadline, box
        frame.page.wait_for_timeout(50)


def test_a_click_zooms_into_a_call_and_the_button_out_again(flames: list[Locator]) -> None:
    for flame in flames:
        frames = flame.locator(".frame")
        everything = frames.count()
        name = "_group_frame"
        called = flame.locator(f'.frame[name^="{name}"]').first
        narrow = called.locator("rect").bounding_box()
        assert narrow is not None
        called.click()
        comes_to_width(called, lambda width, narrow=narrow: width > 1.2 * narrow["width"])
        expect(flame.locator(".flame-detail")).to_contain_text(name)
        assert frames.count() < everything
        flame.get_by_role("button", name="Whole picture").click()
        assert frames.count() == everything


def test_a_finger_zooms_into_a_call(report: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": 390, "height": 844},
            has_touch=True,
            is_mobile=True,
            reduced_motion="reduce",
        )
        page.goto(report.as_uri())
        flame = page.locator(".flame:visible").nth(1)
        called = flame.locator('.frame[name^="_group_frame"]').first
        called.locator("rect").tap()
        expect(flame.locator(".flame-detail")).to_contain_text("_group_frame")
        expect(flame.locator(".frame.current")).to_have_attribute(
            "name", re.compile("_group_frame")
        )


def test_a_search_marks_calls_and_says_their_share(flames: list[Locator]) -> None:
    tree = flames[1]
    box = tree.get_by_role("searchbox", name="Search")
    box.fill("GROUP_FRAME")
    found = tree.locator('.frame rect[fill="#e879f9"]')
    assert found.count() == tree.locator('.frame[name*="_group_frame"]').count() >= 1
    said = tree.locator(".flame-matches").inner_text()
    assert re.fullmatch(r"\d+ calls?, [\d.]+%", said)
    box.press("Enter")  # to the largest of them
    assert "_group_frame" in (tree.locator(".frame.current").get_attribute("name") or "")
    box.fill("(no such (name")
    assert tree.locator(".flame-matches").inner_text() == "nothing found"
    box.fill("")
    assert found.count() == 0


def test_keys_move_zoom_and_go_back(flames: list[Locator]) -> None:
    chart = flames[1].get_by_role("application")
    current = flames[1].locator(".frame.current")

    def at() -> str:
        return current.get_attribute("name") or ""

    everything = flames[1].locator(".frame").count()
    chart.focus()
    assert at() == "all"
    chart.press("ArrowDown")
    first = at()
    assert first != "all"
    chart.press("ArrowDown")
    assert at() not in ("all", first)
    chart.press("ArrowUp")
    assert at() == first
    chart.press("ArrowRight")
    other = at()
    chart.press("ArrowLeft")
    assert other == first or at() == first
    chart.press("Enter")
    assert flames[1].locator(".frame").count() <= everything
    chart.press("Escape")
    assert at() == "all"
    assert flames[1].locator(".frame").count() == everything
