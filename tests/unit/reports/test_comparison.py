from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.summaries import summary_of
from tracekit.errors import ConfigError
from tracekit.records import CandidateMeasurement, ReplaySummary, RunStatus, StackDelta, StackDiff
from tracekit.reports import compare_markdown, compare_text
from tracekit.reports.comparison import metric_deltas
from tracekit.reports.redaction import Redactor
from tracekit.reports.stack_sections import stack_tables

MIB = 1024**2


def _with_iterator(summary: ReplaySummary, **figures: object) -> ReplaySummary:
    iterator = replace(summary.candidates["iterator"], **figures)  # type: ignore[arg-type]
    return replace(summary, candidates={**summary.candidates, "iterator": iterator})


@pytest.fixture(scope="module")
def head(passing: ReplaySummary, hard: ReplaySummary) -> ReplaySummary:
    """A head where one path grew, one died, one is new, and pandas is another."""
    grown = _with_iterator(
        passing, rss_net_peak_bytes=1700 * 1024**2, allocations=None, wall_seconds=18.0
    )
    return replace(
        grown,
        candidates={
            **grown.candidates,
            "legacy": hard.candidates["stream"],
            "lean": hard.candidates["lean"],
        },
        proof=replace(
            hard.proof,
            candidates={"iterator": hard.proof.candidates["lean"]},
        ),
        environment=replace(passing.environment, pandas="2.3.3"),
    )


_DIFF = StackDiff(
    base="legacy",
    head="iterator|x",
    base_bytes=3 * 1024**3,
    head_bytes=1024**3,
    deltas=(
        StackDelta(("main:a.py:1", "fetchall:/home/jane/x/cursor.py:9"), 3 * 1024**3, 0, 70, 0),
        StackDelta(("main:a.py:1", "rows:/home/jane/x/rows.py:4"), 0, 1024**3, 0, 30),
        StackDelta(("main:a.py:1",), 5, 5, 1, 1),
    ),
    remarks=("the second capture was cut off",),
)


def test_the_table_for_a_terminal(
    passing: ReplaySummary, head: ReplaySummary, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("compare.txt", compare_text(passing, head, stack_diffs=[_DIFF]))


def test_the_table_for_a_comment(
    passing: ReplaySummary, head: ReplaySummary, matches_golden: Callable[[str, str], None]
) -> None:
    report = compare_markdown(passing, head, stack_diffs=[_DIFF])
    assert "jane" not in report
    matches_golden("compare.md", report)


def test_a_replay_against_itself_grew_nowhere(passing: ReplaySummary) -> None:
    assert compare_text(passing, passing).startswith("no peak grew.\n")
    assert "Not directly comparable" not in compare_text(passing, passing)


def test_a_path_that_died_early_is_not_called_cheaper(
    passing: ReplaySummary, head: ReplaySummary
) -> None:
    deltas = {(d.path, d.metric.name): d for d in metric_deltas(passing, head)}
    died = deltas["legacy", "net_peak"]
    assert (died.base, died.head) == (2990 * 1024**2, 1873 * 1024**2)
    assert died.delta is None
    assert died.change is None


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=8))
def test_the_largest_growth_comes_first(pairs: list[tuple[int, int]]) -> None:
    deltas = metric_deltas(*_replays(pairs), ["net_peak"])
    changes = [
        d.change if d.change is not None else (float("inf") if d.delta else 0.0) for d in deltas
    ]
    assert len(deltas) == len(pairs)
    assert changes == sorted(changes, reverse=True)


def _replays(pairs: list[tuple[int, int]]) -> list[ReplaySummary]:
    return [
        summary_of(
            {
                str(number): CandidateMeasurement(RunStatus.OK, rss_net_peak_bytes=pair[side])
                for number, pair in enumerate(pairs)
            }
        )
        for side in (0, 1)
    ]


def test_an_unknown_metric_is_refused_by_name(passing: ReplaySummary) -> None:
    with pytest.raises(ConfigError, match=r"'rss'.*net_peak, heap_peak, allocations, wall"):
        compare_text(passing, passing, columns=["net_peak", "rss"])


def test_only_the_requested_columns_are_compared(passing: ReplaySummary) -> None:
    report = compare_markdown(passing, passing, columns=["wall"])
    assert "| wall |" in report
    assert "net_peak" not in report


def _memory_and_wall(before: tuple[int, float], after: tuple[int, float]) -> list[ReplaySummary]:
    sides = _replays([(before[0], after[0])])
    return [
        replace(side, candidates={"0": replace(side.candidates["0"], wall_seconds=wall)})
        for side, wall in zip(sides, (before[1], after[1]), strict=True)
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((100 * MIB, 1.0), (100 * MIB, 9.0), "no peak grew.\n"),
        ((100 * MIB, 1.0), (50 * MIB, 9.0), "no peak grew; largest fall: 0 net_peak -50.0%"),
        ((100 * MIB, 1.0), (110 * MIB, 9.0), "largest growth: 0 net_peak +10.0%"),
        ((100 * MIB, 1.0), (101 * MIB, 9.0), "within the noise of repeated runs"),
    ],
)
def test_the_headline_is_about_memory_whatever_became_of_the_time(before, after, said) -> None:
    report = compare_text(*_memory_and_wall(before, after))
    assert said in report
    assert "wall" not in report.splitlines()[0]


def test_the_headline_is_about_time_if_only_that_was_requested() -> None:
    report = compare_text(*_memory_and_wall((MIB, 1.0), (MIB, 2.0)), columns=["wall"])
    assert report.startswith("largest growth: 0 wall +100.0%")


def test_the_largest_growth_is_that_of_the_most_bytes() -> None:
    report = compare_text(*_replays([(1 * MIB, 3 * MIB), (2_000 * MIB, 3_000 * MIB)]))
    assert report.startswith("largest growth: 1 net_peak +50.0%")


def _changed(mib: float, name: str) -> StackDelta:
    bytes_ = int(abs(mib) * MIB)
    held = (0, bytes_) if mib > 0 else (bytes_, 0)
    return StackDelta((f"{name}:a.py:1",), *held, 1, 1)


def test_stacks_stand_by_the_size_of_their_change_and_chance_stands_apart() -> None:
    changes = {"arena": 1, "fell": -639, "rose": 20, "block": -1.5, "big": 5}
    deltas = tuple(_changed(mib, name) for name, mib in changes.items())
    diff = StackDiff("base", "head", 2_000 * MIB, 1_300 * MIB, deltas)
    tables = stack_tables(diff, Redactor(confidential=False), limit=10)
    assert [row[5] for row in tables.changed.rows] == ["fell:a.py:1", "rose:a.py:1", "big:a.py:1"]
    assert [row[5] for row in tables.chance.rows] == ["block:a.py:1", "arena:a.py:1"]
    assert tables.chance_title == "2 call stacks changed within the noise, each by at most 1.50 MiB"
    report = compare_markdown(*_replays([(1, 1)]), stack_diffs=[diff])
    assert report.index("fell") < report.index("rose") < report.index("changed within the noise")
    assert report.index("changed within the noise") < report.index("block:a.py")


def test_a_small_change_of_a_small_peak_is_not_noise() -> None:
    diff = StackDiff("base", "head", 2 * MIB, 3 * MIB, (_changed(1, "grown"),))
    tables = stack_tables(diff, Redactor(confidential=False), limit=10)
    assert len(tables.changed.rows) == 1
    assert tables.chance.rows == ()
