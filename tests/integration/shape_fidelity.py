"""Net peaks of the ways to read a query, of real rows and of rows made from their shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tracekit.experiment.candidate_spec import candidate_specs
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.run_candidate import search_path
from tracekit.experiment.source import Request, Source, open_source
from tracekit.profiling import run_child
from tracekit.workloads import Workload

PATHS = {
    "legacy": "legacy",
    "iterator": "iterator",
    "lean": "lean",
    "table": "table",
    "read_sql": "tests.integration.shape_paths:read_sql",
    "polars": "tests.integration.shape_paths:polars",
    "drained": "tests.integration.shape_paths:drained",
}
ROOT = Path(__file__).parents[2]


def net_peaks(
    workload: Workload,
    query: str,
    paths: Iterable[str] = PATHS,
    *,
    repeat: int = 1,
    workers: int = 1,
) -> dict[str, int]:
    """Net OS peak in bytes of each way; the median of `repeat` runs."""
    with open_source(Request(workload, query=query), lambda progress: None) as source:
        return {
            path: _median([_net_peak(source, path, workers) for _ in range(repeat)])
            for path in paths
        }


def _net_peak(source: Source, path: str, workers: int) -> int:
    (spec,) = candidate_specs([f"{path}={PATHS[path]}"], ())
    run = run_child(
        "tracekit.experiment.candidate_subject:CandidateSubject",
        {
            **subject_arguments(spec, source.query, source.keys, workers),
            "database": source.database.plain_arguments,
            "digests": None,
        },
        secrets=source.database.secrets,
        search_path=[*search_path(spec), str(ROOT)],
    )
    assert run.rss_net_peak_bytes is not None, run
    return run.rss_net_peak_bytes


def _median(figures: Sequence[int]) -> int:
    return sorted(figures)[len(figures) // 2]
