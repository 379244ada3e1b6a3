from collections.abc import Callable
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tracekit.records import MemoryTimeline, ReplaySummary
from tracekit.reports import markdown
from tracekit.reports.figures import printable
from tracekit.reports.gfm import bullet, fenced, marker, table_lines
from tracekit.reports.table import Column, Table


def test_the_usual_report(
    passing: ReplaySummary,
    timelines: tuple[MemoryTimeline, ...],
    matches_golden: Callable[[str, str], None],
) -> None:
    matches_golden("passing.md", markdown(passing, timelines[:2], plot="memory.png"))


def test_every_hard_case(
    hard: ReplaySummary,
    timelines: tuple[MemoryTimeline, ...],
    matches_golden: Callable[[str, str], None],
) -> None:
    matches_golden("hard.md", markdown(hard, timelines))


def test_the_first_line_is_the_verdict_and_carries_the_marker(passing: ReplaySummary) -> None:
    first = markdown(passing).splitlines()[0]
    assert first.startswith("**PASSED**: EQUAL at level value; peak LOWER")
    assert first.endswith("<!-- tracekit:replay:trace-114k:history -->")


def test_no_name_ends_the_marker_early_or_shares_it_with_another() -> None:
    names = ["a-->b", "a--!>b", "試驗", "試煉", "/srv/x/試驗", "a b"]
    markers = [marker("replay", name) for name in names]
    assert all(line.count("-->") == 1 and "srv" not in line for line in markers)
    assert len(set(markers)) == len(names) - 1  # the file's folder is no part of its name


def test_nothing_confidential_leaves_the_machine(
    hard: ReplaySummary, timelines: tuple[MemoryTimeline, ...]
) -> None:
    report = markdown(hard, timelines)
    for secret in ("4881660000000ab", "short|", "/srv", "/home", "jane", "source_line"):
        assert secret not in report, secret
    shown = markdown(hard, timelines, confidential=False)
    for asked_for in ("4881660000000ab1", "/srv/data", "source_line"):
        assert asked_for in shown, asked_for


class _Texts(HTMLParser):
    """The text of every cell or list item, and every tag that was opened."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag in {"td", "li"}:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def _rendered(source: str) -> _Texts:
    return _Texts(MarkdownIt("gfm-like", {"linkify": False}).render(source))


# Markup first, so that short examples are already the nasty ones.
_NASTY = st.text(
    st.sampled_from("`|\\<>&*_[]()!#~@:-+=.1 aé品\n\t\x1b\"'$") | st.characters(), max_size=30
)


@given(_NASTY, _NASTY)
def test_any_value_in_a_table_is_shown_as_it_is(literal: str, plain: str) -> None:
    table = Table.of([Column("a", literal=True), Column("b")], [(literal, plain)])
    seen = _rendered(table_lines(table))
    assert [text.strip() for text in seen.texts] == [
        printable(value).strip() for value in (literal, plain)
    ]
    assert set(seen.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(_NASTY)
def test_any_remark_in_a_list_is_shown_as_it_is(remark: str) -> None:
    seen = _rendered(bullet([remark]))
    assert seen.texts[0].strip() == printable(remark).strip()
    assert set(seen.tags) <= {"ul", "li"}


@given(st.lists(_NASTY, max_size=4).map("\n".join))
def test_any_last_words_stay_in_their_block(words: str) -> None:
    seen = _Texts(MarkdownIt("gfm-like", {"linkify": False}).render(fenced(words) + "\n\n- after"))
    assert seen.tags == ["pre", "code", "ul", "li"]
    assert seen.texts[0].strip() == "after"
