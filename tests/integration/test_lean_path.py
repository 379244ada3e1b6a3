"""Every built-in candidate but legacy against the iterator: the same output, in clean processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.equality import compare_digests
from tracekit.experiment.builtin_candidates import BUILTIN
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import (
    CandidateSubject,
    make_candidate,
    subject_arguments,
)
from tracekit.experiment.replay import replay
from tracekit.profiling import run_child
from tracekit.records import Level, RunStatus
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS, domain_query

CIDS = 1_200
"""More than one batch of ids."""
EXACT = [name for name in BUILTIN if name not in ("legacy", "iterator")]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with LocalOracle("trace-tiny", keys=CIDS, cache_dir=tmp_path_factory.mktemp("cache")) as it:
        yield it


def arguments(local, name, domain, digests, keys=None):
    return {
        **subject_arguments(
            CandidateSpec(name, name), domain_query(domain), local.keys(keys), workers=2
        ),
        "database": local.database.arguments,
        "digests": digests and str(digests),
    }


def digested(local, name, domain, file):
    subject = CandidateSubject(**arguments(local, name, domain, file))
    reached = []
    try:
        subject.prepare()
        outcome = subject.run(lambda rows, keys: reached.append((rows, keys)))
        facts = subject.finish(outcome)
    finally:
        subject.close()
    return facts, reached[-1]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_path_gives_exactly_what_the_iterator_gives(local, domain, tmp_path):
    expected, read = digested(local, "iterator", domain, tmp_path / "iterator")
    assert expected["rows"] > 0
    for path in EXACT:
        facts, reached = digested(local, path, domain, tmp_path / path)
        proof = compare_digests(
            tmp_path / "iterator", tmp_path / path, required=Level.EXACT, refetch=None
        )
        assert (proof.level, proof.drift) == (Level.EXACT, ()), path
        assert facts["digest"] == expected["digest"]
        if path in ("lean", "stream"):  # the others begin again where a column needs a wider type
            assert reached == read, "what is read again for the digests is not counted"


def test_a_replay_against_the_iterator_is_exact(local, tmp_path):
    found = replay(
        local.path,
        ["iterator", *EXACT],
        profile=False,
        level="exact",
        output=tmp_path / "run",
    )
    assert {
        name: proof.level for name, proof in found.summary.proof.candidates.items()
    } == dict.fromkeys(EXACT, Level.EXACT)
    paths = found.summary.candidates
    assert paths["lean"].rss_net_peak_bytes < paths["iterator"].rss_net_peak_bytes


def test_the_parquet_file_is_removed(local):
    spec = CandidateSpec("parquet", "parquet")
    candidate = make_candidate(spec, local.database, domain_query("history"), 2)
    keys = local.keys(3)
    first = candidate.fetch(keys[:1])
    file = candidate.fetch(keys)
    assert file == first
    assert set().union(*candidate.pieces(file, keys)) == set(keys)
    candidate.close()
    assert not Path(file).parent.exists()


LOADED = """
import sys
from tracekit.experiment.candidate_subject import CandidateSubject

class Loaded(CandidateSubject):
    def finish(self, outcome):
        return super().finish(None) | {"modules": sorted(sys.modules)}
"""


@pytest.mark.parametrize("path", EXACT)
def test_a_path_without_frames_never_loads_pandas(local, path, tmp_path):
    (tmp_path / "loaded_subject.py").write_text(LOADED)
    given = arguments(local, path, "history", None, keys=40)
    password = given["database"].pop("password")
    found = run_child(
        "loaded_subject:Loaded",
        given,
        secrets={"password": password},
        search_path=[str(tmp_path)],
    )
    assert found.status is RunStatus.OK, found.reason
    modules = set(found.values["modules"])
    assert "tracekit.experiment.builtin_candidates" in modules
    assert {"pandas", "duckdb", "memray", "matplotlib", "click"}.isdisjoint(modules)
    assert found.values["arrow_memory_pool"] in ("system", None)
