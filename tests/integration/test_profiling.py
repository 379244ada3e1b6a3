"""Children that end in every way, measured for real."""

import sys
from pathlib import Path

import pytest

from tracekit.errors import ProfileError
from tracekit.profiling import calibrate, measure_subject, read_heap, run_child
from tracekit.profiling.retention import At, Trigger
from tracekit.records import RunStatus

MIB = 2**20
SUBJECTS = str(Path(__file__).parents[1] / "unit" / "profiling")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def run(name, arguments=None, **options):
    return run_child(f"toy_subjects:{name}", arguments, search_path=[SUBJECTS], **options)


def near(size_mib, tolerance_mib=2):
    return pytest.approx(size_mib * MIB, abs=tolerance_mib * MIB)


def test_a_subject_that_ends_well_is_measured(tmp_path):
    capture = tmp_path / "holder.bin"
    plain, profiled = [], []
    found = measure_subject(
        "toy_subjects:Holder",
        {"mib": 48},
        capture=capture,
        search_path=[SUBJECTS],
        on_progress=plain.append,
        on_profiled_progress=profiled.append,
    )
    assert all(
        (updates[-1].phase, updates[-1].rows) == ("ended", 48) for updates in (plain, profiled)
    )
    record = found.record()
    assert record.status is RunStatus.OK
    assert (record.rows, record.keys) == (48, 48)
    assert record.rss_net_peak_bytes == near(48)
    assert record.heap_net_peak_bytes == near(48)
    assert record.rss_peak_bytes == record.rss_baseline_bytes + record.rss_net_peak_bytes
    assert 48 * 1024 <= record.allocations < 48 * 1024 + 1000
    assert record.wall_seconds > 0
    assert record.cpu_seconds > 0
    assert record.profiled_wall_seconds > 0
    assert record.capture == "holder.bin"
    assert all(remark.startswith(("kept: ", "files: ")) for remark in record.remarks)
    assert found.plain.values == {"rows": 48, "weight": 64 * MIB}
    assert found.profiled.values == {}


def test_a_profiled_run_that_never_began_has_no_capture(tmp_path):
    found = measure_subject(
        "toy_subjects:WorksOnce",
        {"marker": str(tmp_path / "marker")},
        capture=tmp_path / "once.bin",
        search_path=[SUBJECTS],
    )
    record = found.record()
    assert (record.status, record.capture, record.heap_peak_bytes) == (RunStatus.OK, None, None)
    assert record.remarks == (
        "under memray it ended differently: raised RuntimeError: only once (before the run began)",
    )


@pytest.mark.parametrize(
    ("name", "arguments", "at"),
    [("Holder", {"mib": 24}, "rows:50%"), ("Slow", {"mib": 48, "seconds": 0.4}, "peak:50%")],
)
def test_retention_is_looked_at_where_the_plain_run_had_a_part_of_its_figures(name, arguments, at):
    updates = []
    found = measure_subject(
        f"toy_subjects:{name}",
        arguments,
        search_path=[SUBJECTS],
        retention_at=At.parse(at),
        on_retention_progress=updates.append,
    )
    retention = found.record().retention
    assert retention.taken_at == at
    assert retention.above_baseline
    assert updates[-1].phase == "ended"


def test_a_short_spike_is_in_the_peak_though_no_sample_saw_it():
    found = run("Holder", {"mib": 4, "spike_mib": 40})
    assert found.rss_net_peak_bytes == near(44)


def test_what_warm_up_took_and_gave_back_is_not_in_the_peak():
    found = run("Holder", {"mib": 24, "warm_up_mib": 80})
    assert found.rss_net_peak_bytes == near(24)


def test_the_parent_sees_memory_over_time():
    found = run("Slow", {"mib": 32, "seconds": 0.4})
    highest = max(sample.rss_bytes for sample in found.samples)
    assert highest - found.rss_baseline_bytes == near(32)
    assert found.samples[0].rss_bytes == found.rss_baseline_bytes
    assert len(found.samples) >= 4


@pytest.mark.parametrize("name", ["Glutton", "GluttonInBatches"])
def test_running_out_of_memory_says_how_far_it_came(name, tmp_path):
    capture = tmp_path / "glutton.bin"
    found = measure_subject(
        f"toy_subjects:{name}",
        capture=capture,
        search_path=[SUBJECTS],
        memory_limit_bytes=160 * MIB,
    )
    record = found.record()
    assert record.status is RunStatus.OUT_OF_MEMORY
    assert "under its limit of 160 MiB" in record.reason
    assert 0 < record.keys < 160
    assert record.rows == 10 * record.keys
    assert 0 < record.rss_net_peak_bytes < 160 * MIB
    assert "Traceback" in record.stderr_tail
    assert any("RLIMIT_DATA" in remark for remark in record.remarks)
    assert record.heap_net_peak_bytes > 0, "the capture keeps what happened until then"


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(
    ("mib", "status"), [(20, RunStatus.FAILED), (770, RunStatus.OUT_OF_MEMORY)]
)
def test_any_error_at_the_limit_is_lack_of_memory(mib, status, crash):
    # 770 MiB and some 10 of the interpreter: more than 95% of the limit, but within it.
    limit = {"memory_limit_bytes": 800 * MIB}
    found = run("Disguises", {"mib": mib, "crash": crash}, **limit)
    assert found.status is status, found.reason
    assert ("SIGSEGV" if crash else f"ValueError: wrapping {mib * MIB} failed") in found.reason
    assert (" MiB in use" in found.reason) is (status is RunStatus.OUT_OF_MEMORY)


def test_an_uncaught_bad_alloc_is_lack_of_memory():
    found = run("Terminates")
    assert (found.status, found.signal) == (RunStatus.OUT_OF_MEMORY, 6)
    assert found.reason == "ran out of memory in the run (signal 6 (SIGABRT), std::bad_alloc)"


def test_a_nameless_signal_is_a_result():
    found = run("KillsItself", {"number": 35})
    assert found.reason == "killed in the run by signal 35 (real-time)"


def test_a_refused_thread_stack_is_lack_of_memory_under_a_limit():
    found = run("ThreadGlutton", memory_limit_bytes=256 * MIB, timeout_seconds=60)
    assert found.status is RunStatus.OUT_OF_MEMORY


def test_a_limit_below_the_baseline_is_named():
    found = run("Glutton", memory_limit_bytes=MIB)
    assert found.status is RunStatus.FAILED
    assert "Raise the limit" in found.reason


def test_an_exception_is_a_result():
    found = run("Raiser", secrets={"password": "tiger-17"})
    assert found.status is RunStatus.FAILED
    assert found.reason == "raised ValueError: no luck with *** (in the run)"
    assert (found.rows, found.keys) == (7, 3)
    assert found.exit_code == 1
    assert "Traceback" in found.stderr_tail
    assert "tiger-17" not in found.stderr_tail
    assert found.stderr_tail.endswith("ValueError: no luck with ***\n")
    assert found.rss_peak_bytes is not None


def test_an_early_exception_is_reported_as_such():
    found = run("BreaksEarly")
    assert found.reason == "raised RuntimeError: no database (before the run began)"
    assert found.rss_baseline_bytes is None


def test_a_late_exception_is_reported_as_such():
    found = run("BreaksLate")
    assert found.reason.startswith("raised FileNotFoundError: [Errno 2] ")
    assert found.reason.endswith(" (after the run, while its output was read)")


def test_all_that_a_run_costs_is_told(tmp_path):
    found = run("Costs", {"file": str(tmp_path / "file"), "mib": 24}, children=True)
    assert found.remarks == ("the peak is that from the start",)
    assert found.file_bytes == near(24)
    assert found.unseen_bytes == near(24)
    assert (found.started_processes, found.children_peak_bytes) == (False, 0)
    assert 0 < found.cpu_seconds <= found.values["cpu_seconds"]
    assert 0 < found.wall_seconds <= found.values["wall_seconds"]


def test_why_retention_is_unknown_is_told():
    found = run("CannotFork", retention=Trigger("rows:50%", rows=2))
    assert found.retention is None
    assert found.remarks == (
        "what held the memory is unknown: the process to look for what holds the memory could not "
        "be started: [Errno 11] Resource temporarily unavailable",
    )


def test_the_current_folder_is_searched_as_python_does(tmp_path, monkeypatch):
    (tmp_path / "in_this_folder.py").write_text("from toy_subjects import Exits\n")
    monkeypatch.chdir(tmp_path)
    found = run_child("in_this_folder:Exits", {"code": 5}, search_path=[SUBJECTS])
    assert found.exit_code == 5


def test_an_unknown_factory_is_a_result():
    found = run("Nobody")
    assert found.status is RunStatus.FAILED
    assert "Nobody" in found.reason


def test_an_exit_is_a_result():
    found = run("Exits", {"code": 3})
    assert (found.status, found.exit_code) == (RunStatus.FAILED, 3)
    assert found.reason == "exited with code 3 in the run"


def test_a_kill_is_a_result_and_its_capture_is_readable(tmp_path):
    capture = tmp_path / "killed.bin"
    found = run("KillsItself", capture=capture)
    assert (found.status, found.signal, found.exit_code) == (RunStatus.FAILED, 9, None)
    assert "SIGKILL" in found.reason
    assert found.keys == 1
    assert read_heap(capture).peak_bytes >= 12 * MIB


def test_a_hang_is_ended_with_its_stacks():
    found = run("Hangs", timeout_seconds=1.0)
    assert found.status is RunStatus.FAILED
    assert found.reason == "did not end within 1 s, in the run"
    assert "wait_for_nothing" in found.stderr_tail


def test_output_of_the_subject_disturbs_nobody():
    found = run("Noisy")
    assert found.reason == "raised SystemExit: 4 (in the run)"
    assert "stderr 19999" in found.stderr_tail
    assert "stdout" not in found.stderr_tail
    assert len(found.stderr_tail) <= 16 * 1024


def test_a_full_disk_is_a_named_error():
    with pytest.raises(ProfileError, match=r"disk is full.*digests\.bin"):
        run("FillsTheDisk")


def test_a_capture_is_never_overwritten(tmp_path):
    capture = tmp_path / "old.bin"
    capture.write_bytes(b"precious")
    with pytest.raises(ProfileError, match="already exists"):
        run("Exits", {"code": 0}, capture=capture)
    assert capture.read_bytes() == b"precious"


def test_a_file_that_is_not_a_capture_is_named(tmp_path):
    with pytest.raises(ProfileError, match="nothing"):
        read_heap(tmp_path / "nothing.bin")
    (tmp_path / "text.bin").write_text("no capture")
    with pytest.raises(ProfileError, match="text"):
        read_heap(tmp_path / "text.bin")


@LINUX
def test_the_child_is_small_and_holds_no_secret_where_others_look(monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "tiger-17")
    monkeypatch.setenv("SOME_URL", "redis://x:tiger-17@host")
    looked = run("LooksAtItself", secrets={"password": "tiger-17"}).values
    assert looked["length"] == len("tiger-17")
    assert "tiger-17" not in looked["cmdline"]
    assert "tiger-17" not in looked["environ"]
    assert "ARROW_DEFAULT_MEMORY_POOL=system" in looked["environ"]
    heavy = {"pandas", "numpy", "pyarrow", "duckdb", "matplotlib", "rich", "click", "psutil"}
    assert heavy.isdisjoint(looked["modules"])


def test_the_harness_reports_known_amounts():
    calibration = calibrate()
    assert [check for check in calibration.checks if not check.passed] == []
    assert {check.name for check in calibration.checks} >= {"numpy", "arrow", "mmap"}


def test_a_capture_that_does_not_fit_is_a_named_error(tmp_path):
    # A file size limit stands in for a full disk: memray answers both with the same words.
    with pytest.raises(ProfileError, match=r"memray could not write.*disk is full"):
        run("FillsItsCapture", capture=tmp_path / "large.bin")
