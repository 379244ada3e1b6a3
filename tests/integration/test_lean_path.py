"""Every path but legacy against the iterator: the same output, in clean processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.equality import compare_digests
from tracekit.experiment.candidate_subject import CandidateSubject
from tracekit.experiment.replay import replay
from tracekit.profiling import run_child
from tracekit.records import Level, PathStatus
from tracekit.testbed import LocalOracle
from tracekit.trace import DOMAINS

CIDS = 1_200
"""More than one batch of ids."""
EXACT_PATHS = [path for path in BUILTIN if path not in ("legacy", "iterator")]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with LocalOracle("trace-tiny", keys=CIDS, cache_dir=tmp_path_factory.mktemp("cache")) as it:
        yield it


def arguments(local, path, domain, digests, cids=None):
    database = local.database.arguments
    return {
        "path": path,
        "database": database,
        "container_ids": local.keys(cids),
        "domain": domain,
        "workers": 2,
        "digests": digests and str(digests),
    }


def digested(local, path, domain, file):
    subject = CandidateSubject(**arguments(local, path, domain, file))
    reached = []
    try:
        subject.prepare()
        outcome = subject.run(lambda rows, cids: reached.append((rows, cids)))
        facts = subject.finish(outcome)
    finally:
        subject.close()
    return facts, reached[-1]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_path_gives_exactly_what_the_iterator_gives(local, domain, tmp_path):
    expected, read = digested(local, "iterator", domain, tmp_path / "iterator")
    assert expected["rows"] > 0
    for path in EXACT_PATHS:
        facts, reached = digested(local, path, domain, tmp_path / path)
        proof = compare_digests(
            tmp_path / "iterator", tmp_path / path, required=Level.EXACT, refetch=None
        )
        assert (proof.level, proof.drift) == (Level.EXACT, ()), path
        assert facts["digest"] == expected["digest"]
        if path in ("lean", "stream"):  # the others begin again where a column needs a wider type
            assert reached == read, "what is read again for the digests is not counted"


def test_a_few_cids_come_whole_from_every_path(local):
    cids = local.keys(5)
    expected = fetch_by_path("iterator", local.database, 2, cids, "history")
    assert len(expected) == 5
    for path in EXACT_PATHS:
        assert fetch_by_path(path, local.database, 2, cids, "history") == expected


def test_a_replay_against_the_iterator_is_exact(local, tmp_path):
    found = replay(
        local.path,
        ["iterator", *EXACT_PATHS],
        profile=False,
        level="exact",
        output=tmp_path / "run",
    )
    assert {
        name: proof.level for name, proof in found.summary.proof.candidates.items()
    } == dict.fromkeys(EXACT_PATHS, Level.EXACT)
    paths = found.summary.paths
    assert paths["lean"].rss_net_peak_bytes < paths["iterator"].rss_net_peak_bytes


def test_the_parquet_file_is_removed(local):
    path = make_path("parquet", local.database, 2)
    cids = local.keys(3)
    first = path.fetch(cids[:1], "history")
    file = path.fetch(cids, "history")
    assert file == first
    assert set().union(*path.pieces(file, cids, "history")) == set(cids)
    path.close()
    assert not Path(file).parent.exists()


LOADED = """
import sys
from tracekit.experiment.candidate_subject import CandidateSubject

class Loaded(CandidateSubject):
    def finish(self, outcome):
        return super().finish(None) | {"modules": sorted(sys.modules)}
"""


@pytest.mark.parametrize("path", EXACT_PATHS)
def test_a_path_without_frames_never_loads_pandas(local, path, tmp_path):
    (tmp_path / "loaded_subject.py").write_text(LOADED)
    given = arguments(local, path, "history", None, cids=40)
    password = given["database"].pop("password")
    found = run_child(
        "loaded_subject:Loaded",
        given,
        secrets={"password": password},
        search_path=[str(tmp_path)],
    )
    assert found.status is PathStatus.OK, found.reason
    modules = set(found.values["modules"])
    assert "tracekit.experiment.path_kinds" in modules
    assert {"pandas", "duckdb", "memray", "matplotlib", "click"}.isdisjoint(modules)
    assert found.values["arrow_memory_pool"] in ("system", None)
