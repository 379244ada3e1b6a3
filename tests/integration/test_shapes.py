"""A shape from recording to replay: what it says, what it hides, and how much memory its rows need.

The fidelity of all queries and ways of reading at 20,000 keys is in the slow lane; a part of it, at
the size that CI has time for, is here too.
"""

from __future__ import annotations

import datetime
import json
import statistics
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from tests.integration.shape_fidelity import PATHS, net_peaks
from tests.integration.shape_tables import awkward_workload
from tracekit import workloads
from tracekit.cli.app import group
from tracekit.errors import WorkloadError
from tracekit.experiment.record_shape import record_shape
from tracekit.experiment.source import Request, open_source
from tracekit.keyed.keys import batches_of
from tracekit.records import ColumnShape, Shape
from tracekit.workloads import Workload
from tracekit.workloads.shapes import shape_workload, write_shape

TRACE = ("history", "materials", "rejects")
AWKWARD = ("mixed", "wide", "documents")
FULL_KEYS = 20_000
SAMPLE_KEYS = 2_000
HEAVY_ROWS = 50_000
SEEDS = range(5)
PANDAS = ("legacy", "read_sql")
BEYOND = {
    ("rejects", "lean"): 0.1,  # 0.92
    ("materials", "table"): 0.13,  # 1.11, of 8 MiB
    ("documents", "table"): 0.1,  # 0.93
    ("documents", "drained"): 0.13,  # 0.90: long texts in one statement of 20
}
"""Where ten times the recorded keys are farther off than 7%, and what was measured."""
MIB = 2**20
SMALL_KEYS = 400
MORE = ("history", "materials", "wide", "documents")


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(group, [str(one) for one in arguments], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return awkward_workload(tmp_path_factory.mktemp("awkward"), SMALL_KEYS, 900)


def test_record_show_build_and_replay(
    tmp_path: Path, awkward: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEKIT_CACHE_DIR", str(tmp_path / "cache"))
    file, made = tmp_path / "payments.json", tmp_path / "made.duckdb"
    sql = (
        "SELECT ACCOUNT_ID, FLAG, MEMO FROM BANK.MIXED"
        " WHERE ACCOUNT_ID IN (:keys) AND FLAG <> 'TOPSECRET' ORDER BY BOOKED"
    )
    assert awkward.database is not None
    asked = ("--database", awkward.database, "--sql", sql, "--key", "ACCOUNT_ID", "--keys", "200")
    assert run("shape", "record", *asked, "-o", file, "-q") == (0, f"{file}\n")
    code, said = run("shape", "show", file)
    assert code == 0
    assert "200 keys (ACCOUNT_ID)" in said
    assert "MEMO" in said
    assert "CLOB" in said
    assert "No value of the database is in it" in said
    assert "TOPSECRET" not in said + file.read_text(encoding="utf-8")
    build = ("shape", "build", file, "--keys", "300", "-o", made, "-q")
    assert run(*build) == (0, f"{made}\n")
    with pytest.raises(WorkloadError, match=r"already exists.*--force"):
        run(*build)
    assert run(*build, "-f")[0] == 0
    code, said = run(
        *("replay", "--shape", file, "--keys", "150", "--candidate", "legacy", "--candidate"),
        *("lean", "--no-profile", "-q", "--json", "-o", tmp_path / "run"),
    )
    summary = json.loads(said)
    assert summary["workload"]["keys"] == 150
    assert summary["proof"]["candidates"]["lean"]["level"] in ("value", "json", "exact")
    assert code in (0, 1)  # equal; the peaks of so few rows say nothing


@pytest.mark.parametrize(
    "name",
    ["rejects", "mixed", *(pytest.param(one, marks=pytest.mark.slow) for one in MORE)],
)
def test_a_shape_holds_no_value_and_its_rows_are_described_as_the_real_ones(
    name: str, awkward: Workload, tmp_path: Path
) -> None:
    trace = workloads.load("trace-smoke", keys=SMALL_KEYS)
    shape, values = _recorded_with_values(awkward if name in AWKWARD else trace, name)
    write_shape(shape, tmp_path / "shape.json")
    raw = (tmp_path / "shape.json").read_text(encoding="utf-8")
    assert len(values) > 1000
    escaped = json.dumps(raw)
    found = [value for value in values if value in raw or value in escaped]
    assert not found, found[:5]

    again, made = _recorded_with_values(shape_workload(shape, name), name)
    assert [_described(column) for column in again.queries[0].columns] == [
        _described(column) for column in shape.queries[0].columns
    ]
    texts = {one for one in made & values if len(one) >= 8 and not one[:1].isdigit()}
    assert not texts, sorted(texts)[:5]


def _described(column: ColumnShape) -> tuple[Any, ...]:
    return column.name, column.type, column.size, column.precision, column.scale


def _recorded_with_values(workload: Workload, name: str) -> tuple[Shape, set[str]]:
    """A shape, and every value of the result that says something: numbers from 7 digits on."""
    found: set[str] = set()
    with open_source(Request(workload, query=name), lambda progress: None) as source:
        shape = record_shape(
            database=source.database, queries=[source.query], keys=list(source.keys or ())
        )
        for batch in batches_of(source.keys, source.query):
            sql, binds = source.query.statement(batch)
            for _, rows in source.database.read_sql_df_slow_iter(sql, binds):
                for row in rows:
                    found.update(map(_written, row))
    columns = {column.name for column in shape.queries[0].columns}
    return shape, {one for one in found if len(one) >= 4} - columns


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value) if len(str(value)) > 6 else ""
    return "" if value is None else str(value).strip()


def test_queries_of_one_shape_agree_in_their_keys(tmp_path: Path) -> None:
    trace = workloads.load("trace-smoke", keys=SMALL_KEYS)
    shape = record_shape(trace, queries=["history", "materials"])
    path = workloads.build(shape_workload(shape, "both", keys=3 * SMALL_KEYS), tmp_path)
    with duckdb.connect(str(path), read_only=True) as connection:
        [(keys, of_history, of_materials, shared)] = connection.execute(
            "SELECT (SELECT count(*) FROM TRACEKIT_SHAPE.KEYS_1),"
            " (SELECT count(DISTINCT CONTAINERID) FROM TRACEKIT_SHAPE.HISTORY),"
            " (SELECT count(DISTINCT CONTAINERID) FROM TRACEKIT_SHAPE.MATERIALS),"
            " (SELECT count(*) FROM (SELECT CONTAINERID FROM TRACEKIT_SHAPE.HISTORY INTERSECT"
            " SELECT CONTAINERID FROM TRACEKIT_SHAPE.MATERIALS))"
        ).fetchall()
    history, materials = shape.queries
    assert keys == 3 * SMALL_KEYS
    assert (of_history, of_materials) == (3 * history.keys, 3 * materials.keys)
    assert shared > 0.9 * of_materials


def test_small_peaks_are_alike() -> None:
    trace = workloads.load("trace-smoke", keys=1000)
    made = shape_workload(record_shape(trace, queries=["history"]), "history")
    paths = ("iterator", "lean")
    real, synthetic = (net_peaks(one, "history", paths) for one in (trace, made))
    for path in paths:
        # What two workers hold at the same moment differs by a MiB from run to run.
        assert synthetic[path] == pytest.approx(real[path], rel=0.08, abs=1.5 * MIB), path


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workload]:
    trace = workloads.load("trace-smoke", keys=FULL_KEYS)
    tables = awkward_workload(tmp_path_factory.mktemp("awkward"), FULL_KEYS, HEAVY_ROWS)
    return {name: tables if name in AWKWARD else trace for name in (*TRACE, *AWKWARD)}


@pytest.fixture(scope="module")
def real_peaks(full: dict[str, Workload]) -> dict[str, dict[str, int]]:
    return {name: net_peaks(workload, name) for name, workload in full.items()}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*TRACE, *AWKWARD])
def test_peaks_at_the_recorded_size_are_alike(
    name: str, full: dict[str, Workload], real_peaks: dict[str, dict[str, int]]
) -> None:
    shape = record_shape(full[name], queries=[name])
    made = net_peaks(shape_workload(shape, name), name)
    made |= _medians_of_seeds(shape, name)
    assert _ratios(made, real_peaks[name]) == {path: pytest.approx(1, abs=0.05) for path in PATHS}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*TRACE, *AWKWARD])
def test_peaks_at_ten_times_the_recorded_keys_are_alike(
    name: str, full: dict[str, Workload], real_peaks: dict[str, dict[str, int]]
) -> None:
    rows = {name: record_shape(full[name], queries=[name]).queries[0].rows}
    if name in AWKWARD:  # their long texts and their heavy key are among some keys alone
        with open_source(Request(full[name], query=name), lambda progress: None) as source:
            some = list(source.keys or ())[7 :: FULL_KEYS // SAMPLE_KEYS]
        shape = record_shape(full[name], queries=[name], keys=some)
    else:
        shape = record_shape(workloads.load("trace-smoke", keys=SAMPLE_KEYS), queries=[name])
    made = net_peaks(shape_workload(shape, name, keys=FULL_KEYS, rows=rows), name)
    made |= _medians_of_seeds(shape, name, keys=FULL_KEYS, rows=rows)
    assert _ratios(made, real_peaks[name]) == {
        path: pytest.approx(1, abs=BEYOND.get((name, path), 0.07)) for path in PATHS
    }


def _medians_of_seeds(shape: Shape, name: str, **size: Any) -> dict[str, int]:
    """pandas' peak on long texts varies with their places: one seed says little."""
    peaks = [
        net_peaks(shape_workload(shape, name, seed=seed, **size), name, PANDAS) for seed in SEEDS
    ]
    return {path: round(statistics.median(one[path] for one in peaks)) for path in PANDAS}


def _ratios(made: dict[str, int], real: dict[str, int]) -> dict[str, float]:
    return {path: round(made[path] / real[path], 3) for path in real}
