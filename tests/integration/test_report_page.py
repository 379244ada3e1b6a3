"""report.html in a real browser: offline, no sideways scrolling, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

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
            context.close()
