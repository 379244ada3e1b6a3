"""A candidate that also tells the deep size of what it returned."""

from __future__ import annotations

from typing import Any

from tracekit.experiment.candidate_subject import CandidateSubject


class WeighedCandidate(CandidateSubject):
    """A candidate whose output is weighed after its peak was read.

    Args:
        weigh: Whether to tell `deep_size_bytes`; takes seconds for each million records.
        arguments: Those of CandidateSubject.
    """

    def __init__(self, *, weigh: bool, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._weigh = weigh

    def finish(self, outcome: Any) -> dict[str, Any]:
        """CandidateSubject's facts, and the deep size where it was asked for."""
        facts = super().finish(outcome)
        if self._weigh:
            from tracekit.bench.deep_size import deep_size_bytes

            facts["deep_size_bytes"] = deep_size_bytes(outcome)
        return facts
