"""A candidate at work in its own process: the subject that is measured."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracekit.errors import NotComparable
from tracekit.experiment.builtin_candidates import BUILTIN, SERVICE
from tracekit.experiment.candidate import Candidate, Keys
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.counted_database import CountedDatabase
from tracekit.jsonvalue import decode_typed, encode_typed
from tracekit.keyed import Query
from tracekit.oracle import Database
from tracekit.profiling import Report, Subject
from tracekit.records import QueryDefinition


def make_candidate(
    spec: CandidateSpec,
    database: Database,
    query: Query,
    workers: int,
    memory_limit_bytes: int | None = None,
    *,
    own_process: bool = True,
) -> Candidate[Any]:
    """Make the candidate that `spec` names.

    Args:
        spec: The candidate's spec.
        database: The database to read from.
        query: The query to run.
        workers: Batches of keys that a built-in candidate reads at once.
        memory_limit_bytes: Limit of each process, if the candidate has several; a single process
            is limited by its runner.
        own_process: Whether this process runs only the candidate.

    Raises:
        ConfigError: it cannot be loaded.
    """
    if not spec.is_builtin:
        from tracekit.experiment.user_candidate import UserCandidate

        return UserCandidate(spec, database, query, own_process=own_process)
    if spec.spec == SERVICE:
        from tracekit.experiment.service_candidate import ServiceCandidate

        return ServiceCandidate(database, query, workers, memory_limit_bytes)
    return BUILTIN[spec.spec](database, query, workers)


def subject_arguments(
    spec: CandidateSpec, query: Query, keys: Keys, workers: int
) -> dict[str, Any]:
    """The JSON values from which `CandidateSubject` recreates candidate, query and keys."""
    definition = query.definition
    return {
        "candidate": {"name": spec.name, "spec": spec.spec, "pickled": spec.pickled},
        "query": encode_typed(vars(definition)).decode(),
        "keys": encode_typed(None if keys is None else list(keys)).decode(),
        "workers": workers,
    }


class CandidateSubject(Subject[Any]):
    """One candidate at work on one query.

    Args:
        candidate: Fields of its CandidateSpec.
        query: Its QueryDefinition, as `encode_typed` wrote it.
        keys: The keys to fetch, likewise.
        database: Arguments of Database, without secrets.
        workers: Batches of keys read at once.
        digests: File for the digests of the result; None writes none.
        memory_limit_bytes: As for `make_candidate`.
        secrets: The other arguments of Database.
    """

    def __init__(
        self,
        *,
        candidate: Mapping[str, Any],
        query: str,
        keys: str,
        database: Mapping[str, Any],
        workers: int,
        digests: str | None,
        memory_limit_bytes: int | None = None,
        **secrets: str,
    ) -> None:
        self._query = Query.from_definition(QueryDefinition(**decode_typed(query)))
        self._database = CountedDatabase(self._query, **database, **secrets)
        self._candidate = make_candidate(
            CandidateSpec(**candidate), self._database, self._query, workers, memory_limit_bytes
        )
        self._keys: Keys = decode_typed(keys)
        self._digests = digests
        self._retries_before = 0

    def prepare(self) -> None:
        """Fetch one key, so that everything that is loaded once is loaded."""
        self._candidate.warm_up(self._keys)

    def run(self, report: Report) -> Any:
        """Fetch everything."""
        self._database.counter.start(report)
        self._retries_before = self._database.retry.count
        return self._candidate.fetch(self._keys)

    def finish(self, outcome: Any) -> dict[str, Any]:
        """Rows, keys and digest of the records, the candidate's facts, Arrow's memory pool."""
        self._database.counter.stop()
        facts: dict[str, Any] = {
            "arrow_memory_pool": _arrow_memory_pool(),
            "retries": self._database.retry.count - self._retries_before,
        }
        facts |= self._candidate.facts(outcome)
        return facts if self._digests is None else facts | self._digested(outcome, self._digests)

    def close(self) -> None:
        """Remove what the candidate left on disk."""
        self._candidate.close()

    def _digested(self, outcome: Any, digests: str) -> dict[str, Any]:
        from tracekit.equality import DigestWriter

        file = Path(digests)
        try:
            with DigestWriter(file) as writer:
                for piece in self._candidate.pieces(outcome, self._keys):
                    writer.add_all(piece)
                summary = writer.close(self._candidate.schema)
        except NotComparable as exc:
            file.unlink(missing_ok=True)
            return {"not_proved": str(exc)}
        return {"rows": summary.rows, "keys": summary.keys, "digest": summary.digest}


def _arrow_memory_pool() -> str | None:
    arrow = sys.modules.get("pyarrow")
    return None if arrow is None else str(arrow.default_memory_pool().backend_name)
