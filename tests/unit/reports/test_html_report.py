import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.records import (
    CallNode,
    CallTree,
    MemorySample,
    MemoryTimeline,
    ReplaySummary,
    StackChange,
    StackDelta,
    StackDiff,
)
from tracekit.reports import html, sections
from tracekit.reports.curves import curves_of
from tracekit.reports.redaction import Redactor
from tracekit.reports.stack_sections import tree_steps
from tracekit.reports.svg_plot import svg_plot

_VOID = {"meta", "input"}
_DECODE = CallNode("decode:/opt/v/site-packages/oracledb/cursor.py:812", 600, 70)
_TREE = CallTree(
    "legacy",
    1000,
    100,
    (
        CallNode(
            "main:/home/jane/run/child.py:1",
            1000,
            100,
            (CallNode("fetch:/home/jane/a/rows.py:9", 1000, 100, (_DECODE,)),),
        ),
        CallNode("tiny:t.py:1", 4, 1),
    ),
    ("the capture was cut off",),
)
_DIFF = StackDiff(
    "legacy",
    "lean",
    1000,
    300,
    (
        StackDelta(("m:a.py:1", "new<b>:a.py:2"), 0, 10, 0, 1),
        StackDelta(("m:a.py:1", "less:a.py:3"), 900, 290, 9, 1),
    ),
)


class _Page(HTMLParser):
    """Checks that tags close in order; keeps text, tags and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            self.scripts.append((self.tags[-1][1], data))
        elif "style" not in self.open:
            self.texts.append(data.strip())


@pytest.fixture(scope="module")
def source(hard: ReplaySummary, timelines: tuple[MemoryTimeline, ...]) -> str:
    """The page with everything in it."""
    return html(hard, timelines, call_trees=[_TREE], stack_diffs=[_DIFF])


def test_the_page_needs_nothing_else(source: str) -> None:
    page = _Page(source)
    names = {tag for tag, _ in page.tags}
    assert not names & {"link", "img", "iframe", "object"}
    attributes = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on")} | (
        attributes & {"src", "href", "xlink:href"}
    )
    assert "url(" not in source
    assert "@import" not in source
    assert {url.rpartition("/")[0] for url in re.findall(r"https?://[\w./]+", source)} <= {
        "http://www.w3.org/1999",
        "http://www.w3.org/2000",
        "http://www.w3.org/2000/xmlns",
        "http://www.w3.org/XML/1998",
    }, "names of XML only"


def test_only_the_reports_own_script_may_run(source: str) -> None:
    page = _Page(source)
    policy = next(
        content
        for _, attrs in page.tags
        if attrs.get("http-equiv") == "Content-Security-Policy" and (content := attrs["content"])
    )
    (text,) = (text for attrs, text in page.scripts if not attrs)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert all(attrs["type"] == "application/json" for attrs, _ in page.scripts if attrs)


def test_names_of_frames_cannot_end_their_data(source: str) -> None:
    data = [json.loads(text) for attrs, text in _Page(source).scripts if attrs]
    names = {row[1] for frames in data for row in frames}
    assert {"new<b> a.py:2", "less a.py:3", "fetch rows.py:9"} <= names


def test_every_table_cell_is_on_the_page_as_it_is(source: str, hard: ReplaySummary) -> None:
    texts = set(_Page(source).texts)
    redact = Redactor(hard)
    tables = (
        sections.path_table(hard),
        sections.proof_table(hard),
        sections.drift_table(hard, redact),
        sections.difference_table(hard, redact),
        sections.environment_table(hard, redact),
        sections.file_table(hard, redact),
    )
    missing = [c for table in tables for row in table.rows for c in row if c.strip() not in texts]
    assert not missing
    assert "<script>alert(1)</script> & *stars* _here_ @team #12 (str)" in texts


def test_verdict_reasons_endings_and_remarks_are_shown(source: str) -> None:
    text = " ".join(_Page(source).texts)
    for expected in (
        "FAILED",
        "DIFFERENT (lean in 1,234 keys)",
        "stream: out of memory",
        "killed at its limit of 2GiB",
        "ValueError: column 品名|x",
        "became text",
        "the capture was cut off",
    ):
        assert expected in text, expected


def test_nothing_confidential_leaves_the_machine(
    source: str, hard: ReplaySummary, timelines: tuple[MemoryTimeline, ...]
) -> None:
    for secret in ("4881660000000ab", "short|", "/srv", "/home", "jane", "source_line"):
        assert secret not in source, secret
    shown = html(hard, timelines, call_trees=[_TREE], confidential=False)
    for asked_for in ("4881660000000ab1", "/srv/data", "source_line", "/home/jane/a/rows.py"):
        assert asked_for in shown, asked_for


def test_the_page_follows_the_readers_screen(source: str) -> None:
    assert "prefers-color-scheme: dark" in source
    assert "max-width: 640px" in source
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    assert ("meta", viewport) in _Page(source).tags


def test_without_timelines_trees_and_differences_their_parts_are_left_out(
    passing: ReplaySummary,
) -> None:
    page = _Page(html(passing))
    assert not {"svg", "script"} & {tag for tag, _ in page.tags}
    text = " ".join(page.texts)
    for absent in ("First differences", "What held", "did not finish", "by call stack"):
        assert absent not in text, absent


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=20))
def test_no_name_breaks_out_of_the_page(name: str) -> None:
    hostile = f"</style></title>\"'>{name}<img src=x onerror=alert(1)>"
    node = CallNode(f"{hostile}</script><script>alert(1)</script>:{hostile}:1", 1, 1)
    page = _Page(html(_named(hostile), call_trees=[CallTree(hostile, 1, 1, (node,))]))
    assert "img" not in {tag for tag, _ in page.tags}
    assert len(page.scripts) == 2


def _named(name: str) -> ReplaySummary:
    from tracekit.records import (
        CandidateMeasurement,
        Environment,
        Proof,
        RunStatus,
        Verdict,
        WorkloadInfo,
    )

    return ReplaySummary(
        WorkloadInfo(name, name, 1, 1, 1, name),
        Environment(name, name, name, name, name, name, 1, name, name),
        {
            name: CandidateMeasurement(
                RunStatus.FAILED, reason=name, stderr_tail=name, remarks=(name,)
            )
        },
        Proof(name, {}),
        Verdict(None, None, {}, False, (name,)),
    )


def test_a_chain_of_calls_with_the_same_memory_is_one_step() -> None:
    steps = list(tree_steps(_TREE, Redactor()))
    assert [(step.kind, step.location) for step in steps] == [
        ("open", "fetch:a/rows.py:9"),
        ("leaf", "decode:oracledb/cursor.py:812"),
        ("close", ""),
    ]
    assert steps[0].callers == ("main:run/child.py:1",)
    assert steps[1].percent == pytest.approx(60)


def test_a_stack_of_any_depth_is_drawn(passing: ReplaySummary) -> None:
    node = CallNode("leaf:f.py:0", 1_000_000, 1)
    for depth in range(3000):
        node = CallNode(f"f{depth}:f.py:{depth}", 1_000_000 + depth, 1, (node,))
    source = html(passing, call_trees=[CallTree("legacy", 1_003_000, 1, (node,))])
    assert "f2999:f.py:2999" in source
    assert "leaf:f.py:0" in source


def test_what_became_of_a_stack_follows_from_its_bytes() -> None:
    sizes = {(0, 1): "new", (1, 2): "grown", (2, 1): "shrunk", (1, 0): "gone", (1, 1): "same"}
    for (base, head), change in sizes.items():
        assert StackDelta((), base, head, 1, 1).change is StackChange(change)


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(0, 2**36)), min_size=1, max_size=40))
def test_the_drawn_plot_stays_inside_its_frame(samples: list[tuple[float, int]]) -> None:
    timeline = MemoryTimeline("p", 2**20, tuple(MemorySample(*s) for s in sorted(samples)))
    plot = svg_plot(curves_of(_named("n"), [timeline]), width=356, height=300)
    (curve,) = plot.curves
    for point in [*curve.line.split(), ",".join(map(str, curve.marker))]:
        x, y = map(float, point.split(","))
        assert plot.left <= x <= plot.right
        assert plot.top <= y <= plot.bottom
    assert 1 <= len(plot.y_ticks) <= 12
    assert len({tick.label for tick in plot.y_ticks}) == len(plot.y_ticks)
    assert all(re.fullmatch(r"-?[0-9.e+-]+", tick.label) for tick in plot.x_ticks)
