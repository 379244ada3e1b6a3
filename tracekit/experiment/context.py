"""The settings of one replay, passed to each step."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.progress import Listener
from tracekit.experiment.run_folder import RunFolder
from tracekit.experiment.source import Source
from tracekit.records import ReplayOptions


@dataclass(frozen=True)
class ReplayContext:
    """The source, the candidates, the options and the folder of a replay."""

    source: Source
    candidates: tuple[CandidateSpec, ...]
    """The candidates; the first is the reference."""
    options: ReplayOptions
    folder: RunFolder
    tell: Listener
    expected_peak_bytes: int | None = None
    """The largest known memory of a run; None if unknown until the first one has ended."""

    @property
    def reference(self) -> CandidateSpec:
        """The candidate the others are compared with."""
        return self.candidates[0]
