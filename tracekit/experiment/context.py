"""What one replay works with, passed to each step."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.progress import Listener
from tracekit.experiment.run_folder import RunFolder
from tracekit.experiment.source import Source
from tracekit.records import ReplayOptions


@dataclass(frozen=True)
class ReplayContext:
    """What is read, what runs, how, and where it is written."""

    source: Source
    candidates: tuple[CandidateSpec, ...]
    """The first is the reference."""
    options: ReplayOptions
    folder: RunFolder
    tell: Listener
    expected_peak_bytes: int | None = None
    """The largest memory a run is known to need; None if unknown before the first one has ended."""

    @property
    def reference(self) -> CandidateSpec:
        """The candidate the others are compared with."""
        return self.candidates[0]
