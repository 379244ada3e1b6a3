from __future__ import annotations

from dataclasses import replace

import pytest

from tracekit import reports
from tracekit.records import Holder, ReplaySummary, Retention

MIB = 1024**2
FRAMES = Holder("", "", "DataFrame", 115, 390 * MIB)
BY_ACCOUNT = Holder("['ACC-4711']", "", "list", 1, 300 * MIB)
FOUND = Retention(
    total_bytes=1000 * MIB,
    explained_bytes=950 * MIB,
    taken_at="rows:90%",
    holders=(
        Holder("events", "fetch_events (legacy.py:58)", "dict", 1, 540 * MIB, (), (BY_ACCOUNT,)),
        Holder("batch_of", "<listcomp> (legacy.py:58)", "dict", 1, 400 * MIB, ("kept",), (FRAMES,)),
        Holder("small", "f (a.py:1)", "int", 1, MIB),
    ),
    above_baseline=True,
)


@pytest.fixture(name="looked_at")
def _looked_at(passing: ReplaySummary) -> ReplaySummary:
    legacy = replace(passing.candidates["legacy"], retention=FOUND)
    return replace(passing, candidates={**passing.candidates, "legacy": legacy})


def test_the_page_unfolds_what_each_variable_holds(looked_at: ReplaySummary) -> None:
    page = reports.html(looked_at)
    section = page[page.index("What keeps the memory alive") :]
    section = section[: section.index("</section>")]
    assert "1000 MiB above the baseline, 950 MiB explained, at rows:90%" in section
    assert "events in fetch_events (legacy.py:58)" in section
    assert "&lt;listcomp&gt;" in section
    assert "115 x DataFrame" in section
    assert "<code>kept</code>" in section
    assert "50.0 MiB reached by no variable" in section
    assert "small in f" not in section
    assert section.count("<details") == section.count("</details>") == 3


def test_keys_of_dicts_leave_the_machine_on_request_only(looked_at: ReplaySummary) -> None:
    assert "ACC-4711" not in reports.html(looked_at)
    assert "ACC-4711" not in reports.markdown(looked_at)
    assert "ACC-4711" in reports.html(looked_at, confidential=False)


def test_the_other_formats_say_it_in_lines(looked_at: ReplaySummary) -> None:
    for drawn in (reports.text(looked_at), reports.markdown(looked_at)):
        assert "54% events in fetch_events (legacy.py:58)" in drawn
        assert "dict of 115 x DataFrame" in drawn


def test_without_retention_there_is_no_section(passing: ReplaySummary) -> None:
    for draw in (reports.html, reports.text, reports.markdown):
        assert "What keeps" not in draw(passing)
        assert "What holds the memory of" not in draw(passing)


def test_a_notebook_gets_a_piece_of_a_page() -> None:
    piece = reports.retention_html(FOUND)
    assert "<html" not in piece
    assert "events in fetch_events" in piece
    assert "ACC-4711" in piece
