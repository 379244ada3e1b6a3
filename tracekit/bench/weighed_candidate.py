"""A candidate that also reports the deep size of what it returned."""

from __future__ import annotations

from typing import Any

from tracekit.experiment.candidate_subject import CandidateSubject


class WeighedCandidate(CandidateSubject):
    """A candidate that can report the deep size of its output, computed after its peak was read.

    Args:
        weigh: Whether to report `deep_size_bytes`; takes seconds for a million records.
        arguments: The arguments of CandidateSubject.
    """

    def __init__(self, *, weigh: bool, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._weigh = weigh

    def finish(self, outcome: Any) -> dict[str, Any]:
        """The facts of CandidateSubject and, if requested, the deep size."""
        facts = super().finish(outcome)
        if self._weigh:
            from tracekit.bench.deep_size import deep_size_bytes

            facts["deep_size_bytes"] = deep_size_bytes(outcome)
        return facts
