"""Replays through the real driver against the local Oracle, each path in its own processes."""

import json
import subprocess
import sys

import pytest

from tracekit import reports
from tracekit.errors import ConfigError, ConnectError
from tracekit.experiment.builtin_candidates import DEFAULT_CANDIDATES
from tracekit.experiment.candidate_spec import CandidateSpec
from tracekit.experiment.candidate_subject import subject_arguments
from tracekit.experiment.choose_keys import choose_keys
from tracekit.experiment.replay import replay
from tracekit.experiment.run_folder import read_run, read_run_stacks
from tracekit.experiment.side_by_side import usual_jobs
from tracekit.oracle import Database
from tracekit.profiling import available_memory_bytes, run_child
from tracekit.records import Level, ReplaySummary, RunStatus, from_json
from tracekit.testbed import LocalOracle
from tracekit.trace import domain_query

MIB = 2**20
CIDS = 300


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with LocalOracle("trace-smoke", keys=CIDS, cache_dir=tmp_path_factory.mktemp("cache")) as it:
        yield it


SUBJECTS = """
import sys
from tracekit import process_memory
from tracekit.experiment.candidate_subject import CandidateSubject

class Loaded(CandidateSubject):
    def finish(self, outcome):
        return {"modules": sorted(name for name in sys.modules if "." not in name)}

class Weighed(CandidateSubject):
    def run(self, report):
        return process_memory.data_bytes()

    def finish(self, outcome):
        return {"data_bytes": outcome}
"""


def run_path_subject(name, local, folder, path):
    """The run of a variant of CandidateSubject on five CIDs."""
    (folder / "path_subjects.py").write_text(SUBJECTS)
    arguments = local.database.arguments
    password = arguments.pop("password")
    found = run_child(
        f"path_subjects:{name}",
        {
            **subject_arguments(
                CandidateSpec(path, path), domain_query("history"), local.keys(5), workers=2
            ),
            "database": arguments,
            "digests": None,
        },
        secrets={"password": password},
        search_path=[str(folder)],
    )
    assert found.status is RunStatus.OK, found.reason
    return found


@pytest.fixture(scope="module")
def finished(local, tmp_path_factory):
    steps = []
    folder = tmp_path_factory.mktemp("runs") / "one"
    found = replay(local.path, output=folder, on_progress=steps.append, command="tracekit replay x")
    return found, steps


def test_a_replay_measures_compares_and_judges(finished):
    found, _ = finished
    summary = found.summary
    assert summary.workload.name == "trace-smoke"
    assert summary.workload.keys == CIDS
    assert summary.workload.fingerprint is not None
    for path in summary.candidates.values():
        assert path.status is RunStatus.OK
        assert path.rows == summary.workload.rows
        assert path.rss_net_peak_bytes > MIB
        assert path.heap_net_peak_bytes > MIB
        assert path.allocations > 0
    proof = summary.proof.candidates["iterator"]
    assert proof.level is Level.VALUE, "NULL dates and quantities beside NULLs drift"
    assert proof.equal
    assert {("TRACKOUTTIMESTAMP", "NaT", "None"), ("TRACKOUTQTY", "float", "int")} <= {
        (drift.column, drift.from_type, drift.to_type) for drift in proof.drift
    }
    assert summary.verdict.equal is True
    assert summary.verdict.net_peak_ratio.keys() == {"iterator", "lean"}
    assert summary.environment.arrow_memory_pool == "system"
    assert "duckdb" in summary.environment.server
    assert found.unexpected_out_of_memory == ()


def test_the_run_folder_holds_the_whole_run(finished):
    found, _ = finished
    assert {file.name for file in found.folder.iterdir()} == {
        "summary.json",
        "stacks.json",
        "report.md",
        "report.html",
        "memory.png",
        *(
            f"{path}{ending}"
            for path in ("legacy", "iterator", "lean")
            for ending in (".bin", "-digests.bin", "-timeline.json")
        ),
    }
    assert read_run(found.folder) == (found.summary, found.timelines)
    saved = json.loads((found.folder / "summary.json").read_text())
    assert saved["schema_version"] == 2
    assert saved["command"] == "tracekit replay x"
    assert saved["candidates"]["legacy"]["capture"] == "legacy.bin"
    assert saved["options"]["candidates"] == ["legacy", "iterator", "lean"]
    stacks = read_run_stacks(found.folder)
    assert [tree.path for tree in stacks.call_trees] == ["legacy", "iterator", "lean"]
    assert [(diff.base, diff.head) for diff in stacks.stack_diffs] == [
        ("legacy", "iterator"),
        ("legacy", "lean"),
    ]


def test_a_run_can_show_itself(finished, tmp_path):
    found, _ = finished
    assert "iterator" in str(found)
    assert "<html" in found._repr_html_()
    assert "<iframe " in found._repr_html_().partition("<html")[0]  # its styles stay inside
    assert found.stacks == read_run_stacks(found.folder)
    assert found.plot(tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_progress_names_every_step_and_ends_it(finished):
    _, steps = finished
    last = {step.step: step.fraction for step in steps}
    runs = [f"{name}{how}" for name in DEFAULT_CANDIDATES for how in ("", " under memray")]
    comparisons = ["compare iterator", "compare lean"]
    assert sorted(last) == sorted([*runs, *comparisons])
    assert next(iter(last)) == "legacy"
    assert list(last)[-2:] == comparisons
    assert set(last.values()) == {1.0}


def test_runs_beside_others_are_marked_and_the_first_is_alone(local, finished, tmp_path):
    if usual_jobs() > 1:
        beside = {n: path.measured_beside for n, path in finished[0].summary.candidates.items()}
        assert beside == {"legacy": False, "iterator": True, "lean": True}
        assert finished[0].summary.candidates["legacy"].profiled_beside
        assert (
            "Measured side by side with another run"
            in (finished[0].folder / "report.md").read_text()
        )
    alone = replay(local.path, candidates=["iterator", "lean"], keys=20, jobs=1, output=tmp_path)
    for path in alone.summary.candidates.values():
        assert (path.measured_beside, path.profiled_beside) == (False, False)
    assert "Measured side by side with another run" not in (tmp_path / "report.md").read_text()
    assert alone.summary.options.jobs == 1


def test_limits_that_do_not_fit_the_machine_together_are_not_run_together(local, tmp_path):
    limit = available_memory_bytes() * 2 // 3
    found = replay(
        local.path,
        candidates=["iterator", "lean"],
        keys=20,
        jobs=2,
        profile=False,
        memory_limit_bytes=limit,
        output=tmp_path,
    )
    assert not any(path.measured_beside for path in found.summary.candidates.values())


def test_who_holds_the_memory_is_found_in_a_run_of_its_own(local, tmp_path):
    steps = []
    found = replay(
        local.path,
        ["legacy"],
        profile=False,
        retention=True,
        at="rows:100%",
        output=tmp_path / "run",
        on_progress=steps.append,
    )
    legacy = found.summary.candidates["legacy"]
    assert legacy.retention.taken_at == "rows:100%"
    assert legacy.retention.above_baseline
    assert legacy.retention.explained_bytes > 0
    names = {holder.name for holder in legacy.retention.holders}
    assert names & {"batch_of", "frame", "events"}, names
    assert any(step.step == "legacy, what holds the memory" for step in steps)
    assert "What holds the memory of legacy, at rows:100%" in reports.text(found.summary)
    saved = from_json(ReplaySummary, (found.folder / "summary.json").read_bytes())
    assert saved.candidates["legacy"].retention == legacy.retention


def test_a_stricter_level_fails_the_verdict(local, tmp_path):
    found = replay(
        "trace-smoke",
        database=local.database,
        keys=40,
        level="exact",
        profile=False,
        output=tmp_path,
    )
    assert found.verdict.equal is False
    assert not found.verdict.passed
    assert "level exact is required" in found.verdict.reasons[0]
    assert found.summary.candidates["legacy"].capture is None
    assert found.summary.workload.fingerprint is None


def test_repeats_tell_their_spread(local, tmp_path):
    found = replay(
        "trace-smoke",
        database=local.database,
        candidates=["iterator"],
        keys=100,
        profile=False,
        repeat=2,
        output=tmp_path,
    )
    path = found.summary.candidates["iterator"]
    assert len(path.rss_net_peaks_bytes) == 2
    assert path.rss_net_peak_bytes == min(path.rss_net_peaks_bytes)
    assert any("over 2 runs" in remark for remark in path.remarks)
    assert path.digest is not None


def test_a_dropped_connection_is_retried_and_reported(local, tmp_path):
    local.faults.drop_after(rows=100, statement="LOTWIPHISTORY", once=True)
    try:
        found = replay(
            "trace-smoke",
            database=local.database,
            candidates=["iterator"],
            keys=100,
            profile=False,
            output=tmp_path,
        )
    finally:
        local.faults.clear()
    path = found.summary.candidates["iterator"]
    assert path.status is RunStatus.OK
    assert any(remark.startswith("failed connections: 1;") for remark in path.remarks)


def test_a_path_may_run_out_of_memory_where_that_is_expected(local, tmp_path):
    before = run_path_subject("Weighed", local, tmp_path, "legacy").values["data_bytes"]
    died = replay(
        "trace-smoke",
        database=local.database,
        candidates=["legacy", "iterator"],
        profile=False,
        memory_limit_bytes=before + 4 * MIB,
        expect_out_of_memory=["legacy"],
        output=tmp_path / "run",
    )
    legacy = died.summary.candidates["legacy"]
    assert legacy.status is RunStatus.OUT_OF_MEMORY, legacy.reason
    assert died.summary.candidates["iterator"].status is RunStatus.OK
    assert (died.verdict.equal, died.verdict.lower_peak, died.verdict.passed) == (None, None, True)
    assert died.summary.proof.candidates["iterator"].level is None
    assert died.unexpected_out_of_memory == ()


@pytest.mark.parametrize("wrong", ["password", "table"])
def test_a_database_that_refuses_is_a_named_error(local, wrong, tmp_path):
    database = Database(local.dsn, local.user, "wrong" if wrong == "password" else local.password)
    sql = "SELECT CONTAINERID FROM DWH.NO_SUCH_TABLE" if wrong == "table" else None
    with pytest.raises(Exception, match="ORA-") as raised:
        replay("trace-smoke", database=database, keys_sql=sql, output=tmp_path / "run")
    assert isinstance(raised.value, ConnectError) is (wrong == "password")
    assert not (tmp_path / "run").exists()


def test_an_unfinished_run_leaves_nothing(local, tmp_path):
    def stop(progress):
        if progress.step == "iterator":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(
            "trace-smoke",
            database=local.database,
            keys=20,
            output=tmp_path / "run",
            on_progress=stop,
        )
    assert not (tmp_path / "run").exists()


def test_a_replay_needs_something_to_read_and_a_query(local):
    with pytest.raises(ConfigError, match=r"there is nothing to read|has no query"):
        replay()
    with pytest.raises(ConfigError, match=r"has no query\. Give one"):
        replay(database=local.database)
    with pytest.raises(ConfigError, match=r"unknown query 'histroy'.*expected one of history"):
        replay("trace-smoke", database=local.database, query="histroy")


def test_keys_are_the_querys_own_a_list_a_file_or_another_querys(local, tmp_path):
    database, query = local.database, domain_query("history")
    every, remarks = choose_keys(database, query)
    assert (every, remarks) == (sorted(set(every)), ())
    assert 0 < len(every) <= CIDS
    assert choose_keys(database, query, 7)[0] == every[:7]
    assert choose_keys(database, query, [every[3], every[3]])[0] == [every[3]]
    sql = "SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER ORDER BY CONTAINERID DESC;"
    assert choose_keys(database, query, 2, sql)[0] == local.keys()[:-3:-1]
    (tmp_path / "keys.txt").write_text(f"{every[2]}\n\n {every[1]} \n")
    assert choose_keys(database, query, f"@{tmp_path / 'keys.txt'}")[0] == [every[2], every[1]]
    with pytest.raises(ConfigError, match="has no keys"):
        choose_keys(database, query, [])
    with pytest.raises(ConfigError, match="give only one"):
        choose_keys(database, query, ["x"], sql)
    with pytest.raises(ConfigError, match="at least 1"):
        choose_keys(database, query, 0)
    with pytest.raises(ConfigError, match="could not be read"):
        choose_keys(database, query, f"@{tmp_path / 'gone.txt'}")


@pytest.mark.parametrize(("path", "pandas"), [("legacy", True), ("iterator", False)])
def test_a_path_loads_what_it_needs_and_no_more(local, path, pandas, tmp_path):
    found = run_path_subject("Loaded", local, tmp_path, path)
    modules = set(found.values["modules"])
    assert ("pandas" in modules) is pandas
    assert {"duckdb", "matplotlib", "rich", "click", "memray", "jinja2"}.isdisjoint(modules)
    if not pandas:
        assert {"numpy", "pyarrow"}.isdisjoint(modules)


def test_a_replay_of_a_real_oracle_needs_no_duckdb():
    code = "import sys; import tracekit; tracekit.replay; assert 'duckdb' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
