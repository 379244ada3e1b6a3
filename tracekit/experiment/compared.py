"""What `compare` and `check` compare: two run folders, two summaries, or two captures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracekit.errors import ConfigError
from tracekit.experiment.regression import Judgement
from tracekit.experiment.run_folder import SUMMARY, read_run
from tracekit.profiling import diff_stacks, read_heap, read_stacks
from tracekit.records import (
    CandidateMeasurement,
    Comparison,
    Environment,
    MetricChange,
    Proof,
    ReplaySummary,
    RunStatus,
    StackDiff,
    Verdict,
    WorkloadInfo,
    from_json,
)
from tracekit.reports.comparison import comparison_headline, metric_deltas, newly_different, unlike

_CAPTURE = ".bin"
_NO_ENVIRONMENT = Environment(
    python="",
    oracledb="",
    pandas="",
    pyarrow="",
    memray="",
    platform="",
    cpu_count=0,
    arrow_memory_pool="",
    server="",
)
"""The environment of a capture, which does not name it."""


@dataclass(frozen=True)
class Side:
    """One of two things to compare."""

    name: str
    summary: ReplaySummary
    captures: dict[str, Path]
    """The capture of each path that has one."""


def open_sides(base: Path, head: Path) -> tuple[Side, Side]:
    """Open two things to compare: run folders, summaries or baselines (.json), or two captures.

    Raises:
        ConfigError: one of them is something else, or only one is a capture (.bin).
        ProfileError: a capture cannot be read.
    """
    captures = [path for path in (base, head) if path.suffix == _CAPTURE and not path.is_dir()]
    if len(captures) == 1:
        raise ConfigError(
            f"{captures[0]} is a capture and the other is not. Compare two runs or two captures"
        )
    if not captures:
        return _run_side(base), _run_side(head)
    path = base.stem if base.stem == head.stem else f"{base.stem} → {head.stem}"
    return _capture_side(base, path), _capture_side(head, path)


def _run_side(path: Path) -> Side:
    if path.is_dir() or path.name == SUMMARY:
        folder = path if path.is_dir() else path.parent
        summary, _ = read_run(folder)
        captures = {
            name: folder / measured.capture
            for name, measured in summary.candidates.items()
            if measured.capture and (folder / measured.capture).exists()
        }
        return Side(folder.name, summary, captures)
    if not path.is_file():
        raise ConfigError(
            f"{path} does not exist. Name a run folder, a summary or baseline (.json), or a "
            "capture (.bin)."
        )
    return Side(path.name, from_json(ReplaySummary, path.read_bytes(), source=str(path)), {})


def _capture_side(capture: Path, path: str) -> Side:
    """A capture as a run of one path of which only the heap is known."""
    heap = read_heap(capture)
    return Side(
        name=capture.name,
        summary=ReplaySummary(
            workload=WorkloadInfo("capture", None, None, keys=0, rows=None, query="heap"),
            environment=_NO_ENVIRONMENT,
            candidates={
                path: CandidateMeasurement(
                    RunStatus.OK, heap_peak_bytes=heap.peak_bytes, allocations=heap.allocations
                )
            },
            proof=Proof(path, {}),
            verdict=Verdict(None, None, {}, passed=True),
        ),
        captures={path: capture},
    )


def stack_diffs(base: Side, head: Side) -> tuple[StackDiff, ...]:
    """Compare the captures of every candidate that both sides have, by call stack.

    Raises:
        ProfileError: a capture cannot be read.
    """
    both = [name for name in base.captures if name in head.captures]
    return tuple(
        diff_stacks(
            read_stacks(base.captures[name]),
            read_stacks(head.captures[name]),
            base_name=base.captures[name].stem,
            head_name=head.captures[name].stem,
        )
        for name in both
    )


def comparison_record(
    base: Side,
    head: Side,
    judgement: Judgement,
    diffs: tuple[StackDiff, ...],
    columns: tuple[str, ...],
    sort: str,
) -> Comparison:
    """The comparison as data.

    Raises:
        ConfigError: a metric in `columns` is unknown.
    """
    deltas = metric_deltas(base.summary, head.summary, columns, sort=sort)
    return Comparison(
        base=base.name,
        head=head.name,
        headline=comparison_headline(base.summary, head.summary, deltas),
        metrics=tuple(
            MetricChange(
                path=delta.path,
                metric=delta.metric.name,
                base=delta.base,
                head=delta.head,
                delta=delta.delta,
                change=delta.change,
            )
            for delta in deltas
        ),
        unlike=tuple(unlike(base.summary, head.summary)),
        differences={
            name: proof.examples
            for name, proof in newly_different(base.summary, head.summary).proof.candidates.items()
        },
        stack_diffs=diffs,
        rules=tuple(rule.text for rule in judgement.rules),
        failures=judgement.failures,
        passed=judgement.passed if judgement.rules else None,
    )
