"""The plugin in pytest runs of its own; in a process of its own where what is loaded matters."""

from __future__ import annotations

import gc
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from tracekit.profiling import measure_call, read_stacks  # loaded once, not by each run in here

pytest_plugins = ["pytester"]
LOADED = (read_stacks, measure_call)

HOLD = """
import pytest

def hold(mib):
    return [bytearray(1 << 20) for _ in range(mib)]
"""


def run(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=HOLD + tests)
    with warnings.catch_warnings():  # what other tests left is not charged to those run in here
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *args)


def run_apart(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=HOLD + tests)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)


def peaks(pytester: pytest.Pytester, file: str = "peaks.json") -> dict[str, Any]:
    document = json.loads((pytester.path / file).read_text())
    return {test["nodeid"].rpartition("::")[2]: test for test in document["tests"]}


def test_a_peak_above_the_limit_fails_with_one_clear_line_and_its_stacks(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
@pytest.mark.peak_memory(max="8MiB")
def test_heavy():
    hold(12)

@pytest.mark.peak_memory(max="8MiB")
def test_light():
    hold(6)

def test_unlimited():
    hold(20)
""",
        "--tracekit-json=peaks.json",
        "--junitxml=junit.xml",
    )
    result.assert_outcomes(passed=2, failed=1)
    junit = (pytester.path / "junit.xml").read_text()
    assert junit.count('<property name="tracekit_peak_bytes" value="') == 2
    result.stdout.re_match_lines(
        [
            r"Test was limited to 8\.00 MiB but peaked at 12\.\d MiB",
            "Held at the peak:",
            r"  12\.0 MiB in 12 allocations at",
            r"      (<listcomp>|hold):test_it.py:4",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_heavy - *Test was limited to 8.00 MiB*"])
    result.stdout.fnmatch_lines(["2 tests measured, 1 above the limit, the highest peak 12.*"])
    found = peaks(pytester)
    assert set(found) == {"test_heavy", "test_light"}
    assert found["test_heavy"]["status"] == "exceeded"
    assert found["test_light"]["status"] == "within"
    assert 6 * 2**20 <= found["test_light"]["peak_bytes"] < 8 * 2**20


def test_holders_are_reported_where_the_process_outgrew_the_limit(
    pytester: pytest.Pytester,
) -> None:
    result = run_apart(
        pytester,
        """
import time

@pytest.mark.peak_memory(max="60MiB")
def test_heavy():
    rows = [bytes([n]) * 2**20 for n in range(100)]
    time.sleep(0.5)
    assert rows

@pytest.mark.peak_memory(max="60MiB")
def test_light():
    rows = [bytes([n]) * 2**20 for n in range(10)]
    assert rows
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.re_match_lines(
        [
            r"Test was limited to 60\.0 MiB but peaked at 100 MiB",
            "Kept alive when it exceeded the limit:",
            r"  [\d.]+ MiB (rows in test_heavy|no variable in) .*: list of \d+ x bytes",
            "Held at the peak:",
        ]
    )


@pytest.mark.parametrize(("args", "stacks"), [(["-q"], 0), ([], 3), (["-v"], 10), (["-vv"], 12)])
def test_verbosity_says_how_many_stacks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, args: list[str], stacks: int
) -> None:
    monkeypatch.delenv("CI", raising=False)  # in CI pytest's summary repeats the whole message
    lines = "\n".join(f"    held.append(bytearray({1000 + n} * 1024))" for n in range(12))
    result = run(
        pytester,
        f"""
@pytest.mark.peak_memory(max="1MiB")
def test_heavy():
    held = []
{lines}
""",
        *args,
    )
    result.assert_outcomes(failed=1)
    sizes = [line for line in result.outlines if " in 1 allocation at" in line]
    if stacks == 12:
        assert len(sizes) >= 12
    else:
        assert len(sizes) == stacks


def test_a_ratio_is_judged_against_another_callable(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.fixture
def mib():
    return 40

def legacy_fetch(mib):
    hold(mib)

def no_arguments():
    hold(40)

@pytest.mark.peak_memory(at_most=0.3, of=legacy_fetch)
def test_light():
    hold(10)

@pytest.mark.peak_memory(at_most=0.3, of=legacy_fetch)
def test_heavy(mib):
    hold(mib // 2)

@pytest.mark.peak_memory(at_most=0.3, of=no_arguments)
def test_plain():
    hold(10)
""",
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.re_match_lines(
        [
            r"Test was limited to 0\.3 of legacy_fetch's peak but reached 0\.50?\d? of it "
            r"\(20\.\d MiB of 40\.\d MiB\)"
        ]
    )
    assert peaks(pytester)["test_plain"]["reference_peak_bytes"] >= 40 * 2**20


@pytest.mark.parametrize(("heavier", "outcome"), [(1.03, "passed"), (1.15, "failed")])
@pytest.mark.parametrize("how", ["max='130MiB'", "at_most=1.1, of=as_it_was"])
def test_15_percent_heavier_is_red_and_3_percent_is_not(
    pytester: pytest.Pytester, how: str, heavier: float, outcome: str
) -> None:
    result = run_apart(
        pytester,
        f"""
def records(count):
    return [n.to_bytes(280) for n in range(int(count))]  # of one size in every Python

BASE = 380_000  # about 119 MiB of records, beside which a few arenas of 1 MiB decide nothing

def as_it_was():
    records(BASE)

@pytest.mark.peak_memory({how})
def test_path():
    records(BASE * {heavier})
""",
    )
    result.assert_outcomes(**{outcome: 1})


def test_fixtures_count_by_choice(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.fixture
def held():
    return hold(12)

@pytest.mark.peak_memory(max="8MiB", fixtures=True)
def test_with(held):
    pass

@pytest.mark.peak_memory(max="8MiB")
def test_without(held):
    pass
""",
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=1, failed=1)
    found = peaks(pytester)
    assert found["test_with"]["peak_bytes"] >= 12 * 2**20
    assert found["test_without"]["peak_bytes"] < 2 * 2**20  # an arena of Python's is one


def test_children_count_by_choice(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        '''
import subprocess, sys

CHILD = """
held = bytearray(b"x") * (30 << 20)
print("ready", flush=True)
input()
"""

@pytest.fixture
def children():
    started = []
    yield started
    for child in started:
        child.communicate("\\n")

def start(children):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    children.append(child)
    child.stdout.readline()

@pytest.mark.peak_memory(max="20MiB", children=True)
def test_with(children):
    start(children)

@pytest.mark.peak_memory(max="20MiB")
def test_without(children):
    start(children)
''',
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=1, failed=1)
    found = peaks(pytester)["test_with"]
    assert 30 * 2**20 <= found["children_peak_bytes"] < 50 * 2**20
    assert found["peak_bytes"] == found["children_peak_bytes"] + found["heap_peak_bytes"]


@pytest.mark.parametrize("where", ["option", "ini"])
def test_a_ceiling_holds_for_tests_without_a_limit_of_their_own(
    pytester: pytest.Pytester, where: str
) -> None:
    args = ["--tracekit-max=8MiB"] if where == "option" else []
    if where == "ini":
        pytester.makeini("[pytest]\ntracekit_max = 8MiB\n")
    result = run(
        pytester,
        """
def test_under_the_ceiling():
    hold(6)

def test_above_the_ceiling():
    hold(12)

@pytest.mark.peak_memory(max="16MiB")
def test_with_a_limit_of_its_own():
    hold(12)

@pytest.mark.peak_memory(max=None)
def test_lifted():
    hold(12)
""",
        *args,
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_above_the_ceiling - *"])


def test_pytest_xdist_workers_send_their_peaks(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
@pytest.mark.peak_memory(max="8MiB")
@pytest.mark.parametrize("mib", [2, 3, 4, 12])
def test_sized(mib):
    hold(mib)
""",
        "-n2",
        "--tracekit-json=peaks.json",
        "--tracekit-captures=captures",
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["4 tests measured, 1 above the limit*test_sized?12?"])
    assert len(peaks(pytester)) == 4
    kept = [Path(test["capture"]) for test in peaks(pytester).values()]
    assert len({*kept}) == 4
    assert all(capture.stat().st_size for capture in kept)


def test_pytest_memray_beside_it_is_used_and_named(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
@pytest.mark.peak_memory(max="8MiB")
def test_heavy():
    hold(12)

@pytest.mark.peak_memory(max="8MiB", fixtures=True)
def test_with_fixtures():
    hold(12)
""",
        "--memray",
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.re_match_lines([r"Test was limited to 8\.00 MiB but peaked at 12\.\d MiB"])
    result.stdout.fnmatch_lines(["Not measured, 1: pytest-memray has the process's only Tracker*"])
    assert peaks(pytester)["test_with_fixtures"]["status"] == "not_measured"


def test_a_tracker_of_the_test_s_own_is_explained(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
import memray

@pytest.mark.peak_memory(max="8MiB")
def test_tracks(tmp_path):
    with memray.Tracker(tmp_path / "own.bin"):
        pass

@pytest.fixture
def tracked(tmp_path):
    with memray.Tracker(tmp_path / "fixture.bin"):
        yield

@pytest.mark.peak_memory(max="8MiB")
def test_is_tracked(tracked):
    pass
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*tracekit measures this test, and memray allows one Tracker per process. *",
            "Not measured, 1: another memray Tracker is active in this process*",
        ]
    )


def test_failures_and_skips_of_the_test_stay_its_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.peak_memory(max="8MiB")
def test_fails():
    hold(12)
    assert 1 == 2

@pytest.mark.peak_memory(max="8MiB")
def test_skips():
    pytest.skip("not today")

@pytest.mark.xfail(reason="known to be heavy", strict=True)
@pytest.mark.peak_memory(max="8MiB")
def test_known_to_be_heavy():
    hold(12)

@pytest.fixture
def broken():
    raise OSError("no")

@pytest.mark.peak_memory(max="8MiB", fixtures=True)
def test_setup_fails(broken):
    pass

@pytest.mark.peak_memory(max="8MiB")
def test_goes_on():
    pass
""",
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1, errors=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])
    result.stdout.no_fnmatch_line("*Test was limited*")
    found = peaks(pytester)
    assert found["test_fails"]["status"] == "test_failed"
    assert "test_skips" not in found


def test_a_marker_that_makes_no_sense_fails_its_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.peak_memory(max='lots')
def test_it():
    pass

def test_goes_on():
    pass
""",
    )
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["peak_memory(max): 'lots' is not a size*"])


def test_an_invalid_ceiling_is_a_usage_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): pass\n", "--tracekit-max=lots")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--tracekit-max: 'lots' is not a size*"])


def test_arrow_strings_cost_what_they_hold_and_no_reservation(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
import pandas

@pytest.mark.peak_memory(max="64MiB")
@pytest.mark.parametrize("turn", [1, 2])
def test_strings(turn):
    return pandas.Series([f"{n:016}" for n in range(100_000)], dtype="string[pyarrow]").sum()
""".replace("return ", ""),
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=2)
    first, second = (peaks(pytester)[f"test_strings[{turn}]"]["peak_bytes"] for turn in (1, 2))
    # The reservation is 1 GiB. What fits into arenas that the first left half empty costs nothing.
    assert abs(first - second) < 0.5 * first


def test_the_local_oracle_is_one_for_the_session(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
seen = []

@pytest.mark.parametrize("turn", [1, 2])
def test_reads(local_oracle, turn):
    with local_oracle.database.connect() as connection:
        (one,) = connection.cursor().execute("SELECT 1 FROM DUAL").fetchone()
    assert one == 1
    seen.append(local_oracle.server_pid)
    assert len(set(seen)) == 1
""",
    )
    result.assert_outcomes(passed=2)


def test_the_local_oracle_serves_what_a_marker_names(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
@pytest.mark.tracekit_workload("trace-tiny", keys=7)
@pytest.mark.parametrize("turn", [1, 2])
def test_reads(local_oracle, turn):
    sql = "SELECT COUNT(*) AS N FROM DW_MES_CONTAINER"
    assert local_oracle.database.read_sql_df(sql)["N"].tolist() == [7]

@pytest.mark.tracekit_workload(key=7)
def test_misspelt(local_oracle):
    pass
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*tracekit_workload: *unexpected keyword argument 'key'*"])


def test_the_local_oracle_serves_what_the_ini_file_names(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ntracekit_oracle = no-such-workload\n")
    result = run(pytester, "def test_reads(local_oracle): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no-such-workload*"])


def test_loading_the_plugin_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    result = run_apart(
        pytester,
        """
import sys

HEAVY = {
    "memray", "pandas", "numpy", "pyarrow", "duckdb", "oracledb", "psutil", "matplotlib",
    "jinja2", "sqlglot", "msgspec",
}

def test_modules():
    assert not HEAVY & set(sys.modules)
""",
        "-p",
        "no:memray",
        "-p",
        "no:xdist",
        "--tracekit-json=peaks.json",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--tracekit-json=test_it.py/peaks.json", "*--tracekit-json: *test_it.py is not a dir*"),
        ("--tracekit-json=.", "*--tracekit-json: * is a directory; name a file"),
        ("--tracekit-captures=test_it.py", "*--tracekit-captures: *test_it.py is not a dir*"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused_before_the_tests_run(
    pytester: pytest.Pytester, option: str, message: str
) -> None:
    result = run(pytester, "def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_of_may_be_a_built_in_or_an_object_without_a_hash(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
class Reference(list):
    def __call__(self):
        return hold(10)

@pytest.mark.peak_memory(at_most=1.0, of=Reference())
def test_within():
    hold(8)

@pytest.mark.peak_memory(at_most=1.0, of=dict)
def test_above():
    hold(8)
""",
    )
    result.assert_outcomes(passed=1, failed=1)
