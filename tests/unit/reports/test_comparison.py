from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.records import PathMeasurement, PathStatus, ReplaySummary, StackDelta, StackDiff
from tracekit.reports import compare_markdown, compare_text
from tracekit.reports.comparison import metric_deltas


def _with_iterator(summary: ReplaySummary, **figures: object) -> ReplaySummary:
    iterator = replace(summary.paths["iterator"], **figures)  # type: ignore[arg-type]
    return replace(summary, paths={**summary.paths, "iterator": iterator})


@pytest.fixture(scope="module")
def head(passing: ReplaySummary, hard: ReplaySummary) -> ReplaySummary:
    """A head where one path grew, one died, one is new, and pandas is another."""
    grown = _with_iterator(
        passing, rss_net_peak_bytes=1700 * 1024**2, allocations=None, wall_seconds=18.0
    )
    return replace(
        grown,
        paths={**grown.paths, "legacy": hard.paths["stream"], "lean": hard.paths["lean"]},
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
    assert compare_text(passing, passing).startswith("no metric grew.\n")
    assert "Not alike" not in compare_text(passing, passing)


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
    from tracekit.records import Environment, Proof, Verdict, WorkloadInfo

    return [
        ReplaySummary(
            WorkloadInfo("w", None, None, 1, 1, "history"),
            Environment("", "", "", "", "", "", 1, "", ""),
            {
                str(number): PathMeasurement(PathStatus.OK, rss_net_peak_bytes=pair[side])
                for number, pair in enumerate(pairs)
            },
            Proof("0", {}),
            Verdict(None, None, {}, True),
        )
        for side in (0, 1)
    ]


def test_an_unknown_metric_is_refused_by_name(passing: ReplaySummary) -> None:
    with pytest.raises(ConfigError, match=r"'rss'.*net_peak, heap_peak, allocations, wall"):
        compare_text(passing, passing, columns=["net_peak", "rss"])


def test_only_the_columns_asked_for_are_compared(passing: ReplaySummary) -> None:
    report = compare_markdown(passing, passing, columns=["wall"])
    assert "| wall |" in report
    assert "net_peak" not in report
