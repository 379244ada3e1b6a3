"""Check that candidates can run at all, in a second, before minutes of measuring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tracekit.errors import ConfigError
from tracekit.experiment.builtin_candidates import SERVICE
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.run_candidate import search_path
from tracekit.experiment.source import Source
from tracekit.experiment.user_candidate import check_function
from tracekit.keyed.keys import batches_of
from tracekit.profiling import run_child
from tracekit.profiling.subject import Report, Subject


def check_candidates(specs: Sequence[CandidateSpec], source: Source) -> None:
    """Raise if the options alone make a candidate fail.

    A module that fails on import is left to the candidate's own run, which reports how.

    Raises:
        ConfigError: a function does not exist or has a parameter with no value, or the service
            must fetch keys that are not text; tracekit's own fetch cannot fetch these keys.
        ProfileError: no process could be started.
    """
    if any(spec.spec == SERVICE for spec in specs):
        # Imported here: a replay of a real Oracle without the service needs no DuckDB.
        from tracekit.experiment.service_candidate import check_texts

        check_texts(source.keys, source.query)
    if any(spec.is_builtin for spec in specs):
        batches_of(source.keys, source.query)
    functions = [spec for spec in specs if not spec.is_builtin and not spec.is_file]
    if not functions:
        return
    found = run_child(
        f"{__name__}:FunctionCheck",
        {"candidates": [asdict(spec) for spec in functions]},
        search_path=search_path(functions[0]),
    )
    for problem in found.values.get("problems", ()):
        raise ConfigError(problem)


class FunctionCheck(Subject[list[str]]):
    """Imports functions in a separate process, and reports which cannot be called.

    Args:
        candidates: Fields of their specs.
    """

    def __init__(self, *, candidates: Sequence[Mapping[str, Any]]) -> None:
        self._specs = [CandidateSpec(**fields) for fields in candidates]

    def run(self, report: Report) -> list[str]:
        """The errors found."""
        problems = []
        for spec in self._specs:
            try:
                check_function(spec)
            except ConfigError as exc:
                problems.append(str(exc))
        return problems

    def finish(self, outcome: list[str]) -> dict[str, Any]:
        """The same by its name."""
        return {"problems": outcome}
