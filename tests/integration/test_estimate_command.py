"""Estimates against real runs, on a workload of a few thousand rows."""

from __future__ import annotations

import pytest

from tracekit.cli.app import group
from tracekit.errors import ConfigError, FetchError
from tracekit.experiment.estimate import estimate
from tracekit.keyed import Query
from tracekit.records import EstimateRecord, RunStatus, from_json
from tracekit.reports import estimate_text
from tracekit.testbed import LocalOracle

CIDS = 8_000
MIB = 2**20
FEW = "SELECT DISTINCT CONTAINERID FROM DWH.DW_MES_CONTAINER WHERE ROWNUM <= 100"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with LocalOracle("trace-tiny", keys=CIDS, cache_dir=tmp_path_factory.mktemp("cache")) as it:
        yield it


@pytest.fixture(scope="module")
def found(local):
    steps = []
    record = estimate(
        local.path,
        ["iterator", "lean", "stream"],
        keys=CIDS * 10,
        limit_bytes=512 * MIB,
        sample=6_000,
        verify=[CIDS],
        on_progress=steps.append,
    )
    return record, steps


def test_predictions_are_near_real_runs(found):
    record, _ = found
    for path in ("iterator", "lean"):
        [check] = record.candidates[path].checks
        assert check.keys == CIDS
        assert abs(check.error) < 0.15, f"{path}: {check}"
        assert check.certain


def test_memory_beyond_the_workload_is_predicted_from_rows_per_cid(found):
    record, _ = found
    assert record.workload.keys == CIDS * 10
    assert record.workload.rows == round(record.rows_per_key * CIDS * 10)
    assert 8 < record.rows_per_key < 12
    paths = record.candidates
    assert paths["iterator"].rss_net_peak_bytes > 2 * paths["lean"].rss_net_peak_bytes
    assert paths["lean"].rss_net_peak_bytes > 2 * paths["stream"].rss_net_peak_bytes
    for path in paths.values():
        assert path.status is RunStatus.OK
        assert path.rss_peak_bytes == path.rss_net_peak_bytes + path.rss_baseline_bytes
        assert path.low_bytes <= path.rss_net_peak_bytes <= path.high_bytes
        assert path.fixed_bytes >= 0
        assert path.fits == (path.high_bytes + path.rss_baseline_bytes <= 512 * MIB)
        assert path.fits == (path.largest_keys >= CIDS * 10)


def test_samples_are_three_parts_and_more_where_nothing_is_kept(found):
    record, steps = found
    sizes = {name: [one.keys for one in path.samples] for name, path in record.candidates.items()}
    assert sizes["lean"][:3] == [1_500, 3_000, 6_000]
    assert sizes["stream"] == [6_000, 8_000]
    assert {step.step for step in steps if step.fraction == 1.0} >= {
        "lean on 1,500 keys",
        "lean for real on 8,000 keys",
    }


def test_a_small_result_is_measured_and_not_inferred(local):
    record = estimate(local.path, ["lean"], keys=100, sample=4_000)
    found = record.candidates["lean"]
    assert [sample.keys for sample in found.samples] == [100]
    assert found.rss_net_peak_bytes == found.samples[0].rss_net_peak_bytes


def test_uncertain_predictions_of_small_samples_are_ranges(local):
    sql = "SELECT CONTAINERID, EQUIPMENTID FROM DWH.DW_MES_LOTWIPHISTORY"
    query = Query(f"SELECT * FROM ({sql}) WHERE CONTAINERID IN (:keys)", key="CONTAINERID")
    record = estimate(
        None, ["lean"], database=local.database, query=query, keys=20_000, keys_sql=FEW
    )
    found = record.candidates["lean"]
    assert found.certain is False
    assert found.low_bytes < found.rss_net_peak_bytes < found.high_bytes
    said = estimate_text(record)
    assert "are too small for a range within 10%" in said
    assert " - " in next(line for line in said.splitlines() if line.startswith("lean"))


def invoke(capsys, *arguments):
    with group.make_context("tracekit", ["estimate", *arguments]) as context:
        code = group.invoke(context)
    return code, capsys.readouterr().out


def test_a_query_of_ones_own_and_the_limit_as_exit_code(local, capsys, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", local.password)
    sql = "SELECT CONTAINERID, EQUIPMENTID FROM DWH.DW_MES_LOTWIPHISTORY"
    given = ["--dsn", local.dsn, "--user", local.user, "--keys", "1000", "--sample", "1000"]
    given += ["--sql", sql, "--key", "CONTAINERID"]
    code, out = invoke(capsys, *given, "--candidate", "lean", "--json", "-q", "--limit", "16MiB")
    record = from_json(EstimateRecord, out)
    assert code == 1
    assert record.workload.query == "query"
    assert record.candidates["lean"].samples[-1].rows > 5_000
    assert record.candidates["lean"].fits is False
    code, out = invoke(capsys, *given, "--candidate", "lean", "-q", "--limit", "4GiB")
    assert code == 0
    assert "most keys within the limit" in out


def test_a_candidate_that_cannot_be_measured_is_reported(local, capsys, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", local.password)
    given = ["--dsn", local.dsn, "--user", local.user, "--keys", "50", "--candidate", "lean", "-q"]
    with pytest.raises(FetchError, match="ORA-00942"):
        invoke(capsys, "--sql", "SELECT * FROM NO_SUCH_TABLE", "--key", "ID", *given)
    with pytest.raises(ConfigError, match="takes no keys, so there are no sizes to sample"):
        estimate(local.path, query=Query("SELECT 1 FROM DUAL"))
