import json
import os
from dataclasses import replace
from importlib import metadata
from types import SimpleNamespace

import psutil
import pyarrow as pa
import pytest

from tracekit.cli.app import group
from tracekit.errors import ProfileError
from tracekit.profiling import machine
from tracekit.profiling.calibration import Calibration, CalibrationCheck
from tracekit.profiling.cgroup import CgroupMemory
from tracekit.records import CheckStatus, MachineCheck, MachineReport, from_json

MIB, GIB = 2**20, 2**30
GOOD = CalibrationCheck("numpy", 64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB, passed=True)


def test_a_calibration_that_reads_wrong_fails_and_says_why(monkeypatch):
    wrong = replace(GOOD, rss_net_peak_bytes=None, passed=False, reason="killed")
    monkeypatch.setattr(machine, "calibrate", lambda: Calibration((GOOD, wrong)))
    good, bad = machine.look_at_calibration()
    assert (good.status, good.remedy) == (CheckStatus.OK, None)
    assert bad.status is CheckStatus.FAIL
    assert "OS peak not measured (of 64.0 MiB)" in bad.found
    assert bad.found.endswith("(of 64.0 MiB): killed")
    assert bad.remedy == (
        "Figures for this kind of memory are wrong on this machine. Do not use them."
    )


@pytest.mark.parametrize("right", [os.W_OK, os.X_OK])
def test_a_folder_that_cannot_be_written_to_fails(tmp_path, monkeypatch, right):
    monkeypatch.setattr(machine.os, "access", lambda _, rights: not rights & right)
    (found,) = [c for c in machine.look_at_machine([tmp_path / "new"]) if "folder" in c.name]
    assert (found.status, found.found) == (CheckStatus.FAIL, "not writable")
    assert found.remedy == (
        "Change its permissions, or name another (TRACEKIT_CACHE_DIR, TRACEKIT_RUNS_DIR)."
    )


def test_huge_pages_always_is_a_warning(tmp_path, monkeypatch):
    enabled = tmp_path / "enabled"
    monkeypatch.setattr(machine, "_HUGE_PAGES", enabled)
    for text, status in (
        ("[always] madvise never", CheckStatus.WARN),
        ("always [madvise] never", CheckStatus.OK),
    ):
        enabled.write_text(text)
        found = check("huge pages")
        assert found.status is status
        if status is CheckStatus.WARN:
            assert found.found == "always: the kernel may back memory 2 MiB at a time"
            assert found.remedy == (
                "OS peaks can be a few MiB high and vary more. Compare heap peaks, too, or set "
                "transparent_hugepage to madvise."
            )
        else:
            assert found.found == "madvise"
    enabled.unlink()
    assert (check("huge pages").status, check("huge pages").found) == (CheckStatus.OK, "none")


def test_little_memory_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "cgroup_memory", lambda: CgroupMemory(512 * MIB, 0))
    (found,) = [c for c in machine.look_at_machine([]) if c.name == "memory"]
    assert found.status is CheckStatus.WARN
    assert "limited by a cgroup to 512 MiB" in found.found
    assert "--keys" in found.remedy


def check(name, folders=()):
    (found,) = [c for c in machine.look_at_machine(folders) if c.name == name]
    return found


@pytest.mark.parametrize(
    ("group", "available_gib", "status", "found"),
    [
        (None, 4, "ok", "4.00 GiB of 16.0 GiB available"),
        (None, 3, "warn", "3.00 GiB of 16.0 GiB available"),
        (CgroupMemory(16 * GIB, 0), 8, "ok", "8.00 GiB of 16.0 GiB available"),
        (
            CgroupMemory(8 * GIB, 2 * GIB),
            12,
            "ok",
            "6.00 GiB available, limited by a cgroup to 8.00 GiB",
        ),
        (
            CgroupMemory(8 * GIB, 7 * GIB),
            12,
            "warn",
            "1.00 GiB available, limited by a cgroup to 8.00 GiB",
        ),
        (
            CgroupMemory(8 * GIB, 0, throttled=True),
            5,
            "ok",
            "5.00 GiB available, throttled above 8.00 GiB",
        ),
    ],
)
def test_memory_is_what_the_machine_and_a_cgroup_leave(
    monkeypatch, group, available_gib, status, found
):
    host = SimpleNamespace(available=available_gib * GIB, total=16 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: host)
    monkeypatch.setattr(machine, "cgroup_memory", lambda: group)
    told = check("memory")
    assert (told.status, told.found) == (CheckStatus(status), found)
    if status == "warn":
        assert told.remedy == "trace-114k needs 4.00 GiB. Replay it with fewer --keys."
    free = available_gib * GIB
    expected = free if group is None else min(free, group.free_bytes)
    assert machine.available_memory_bytes() == expected


@pytest.mark.parametrize(
    ("free_gib", "status", "said"),
    [(2, "ok", "2.00 GiB free"), (1, "warn", "1.00 GiB free")],
)
def test_a_full_disk_is_a_warning(tmp_path, monkeypatch, free_gib, status, said):
    monkeypatch.setattr(
        machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=free_gib * GIB)
    )
    told = check(f"folder {tmp_path / 'a' / 'b'}", [tmp_path / "a" / "b"])
    assert (told.status, told.found) == (CheckStatus(status), said)
    if status == "warn":
        assert told.remedy == (
            "Free some space (tracekit clean): captures and workloads take hundreds of MiB."
        )


@pytest.mark.parametrize(("system", "status"), [("Linux", "ok"), ("Darwin", "warn")])
def test_a_limit_binds_on_linux_alone(monkeypatch, system, status):
    monkeypatch.setattr(machine.platform, "system", lambda: system)
    told = check("--memory-limit")
    assert told.status is CheckStatus(status)
    assert told.found == (
        "RLIMIT_DATA" if status == "ok" else "RLIMIT_DATA does not bind on Darwin"
    )
    if status == "warn":
        assert told.remedy == ("Reproduce running out of memory on Linux or in a Linux container.")


@pytest.mark.parametrize(("count", "status"), [(1, "warn"), (2, "ok")])
def test_a_single_cpu_is_a_warning(monkeypatch, count, status):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(count)))
    told = check("CPUs")
    assert (told.status, told.found) == (CheckStatus(status), str(count))
    if status == "warn":
        assert told.remedy == "Times include the local Oracle's work, so expect longer ones."
    monkeypatch.delattr(machine.os, "sched_getaffinity")
    monkeypatch.setattr(machine.os, "cpu_count", lambda: None)
    assert check("CPUs").found == "1"


def test_another_python_than_cpython_fails(monkeypatch):
    version = machine.platform.python_version()
    assert check("Python").found == f"CPython {version}"
    monkeypatch.setattr(machine.sys, "gettotalrefcount", lambda: 0, raising=False)
    told = check("Python")
    assert (told.status, told.found) == (CheckStatus.WARN, f"CPython {version}, debug build")
    assert told.remedy == ("Objects are larger in a debug build. Measure with a release build.")
    monkeypatch.setattr(machine.platform, "python_implementation", lambda: "PyPy")
    told = check("Python")
    assert (told.status, told.found) == (CheckStatus.FAIL, f"PyPy {version}")
    assert told.remedy == "memray measures CPython only. Use CPython 3.11 or newer."


def test_a_package_that_is_missing_fails(monkeypatch):
    assert check("duckdb") == MachineCheck("duckdb", CheckStatus.OK, metadata.version("duckdb"))

    def missing(name):
        raise machine.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", missing)
    assert check("memray") == MachineCheck(
        "memray", CheckStatus.FAIL, "not installed", "Install tracekit again."
    )


def test_a_pyarrow_without_the_systems_pool_fails(monkeypatch):
    pool = pa.default_memory_pool().backend_name
    assert check("Arrow memory pool").found == f"system in measured processes ({pool} elsewhere)"
    monkeypatch.setattr(pa, "supported_memory_backends", lambda: ["mimalloc"])
    told = check("Arrow memory pool")
    assert told.status is CheckStatus.FAIL
    assert told.found == f"{pool}; this pyarrow has no system pool"
    assert told.remedy == (
        "Install pyarrow's own wheel. Other pools reserve memory that memray counts as used."
    )


def test_a_peak_that_cannot_be_reset_is_a_warning(tmp_path, monkeypatch):
    assert check("OS peak") == MachineCheck(
        "OS peak", CheckStatus.OK, "VmHWM, reset by /proc/self/clear_refs"
    )
    monkeypatch.setattr(machine, "reset_peak", lambda: "not writable")
    told = check("OS peak")
    assert (told.status, told.found) == (CheckStatus.WARN, "not writable")
    assert told.remedy == (
        "Compare heap peaks, or measure on Linux with a writable /proc/self/clear_refs."
    )
    monkeypatch.setattr(machine, "_PROC", tmp_path / "none")
    assert check("OS peak").remedy == "Compare heap peaks, or measure on Linux."


def test_a_calibration_that_cannot_run_fails(monkeypatch):
    def broken():
        raise ProfileError("no process")

    monkeypatch.setattr(machine, "calibrate", broken)
    (told,) = machine.look_at_calibration()
    assert told == MachineCheck(
        "calibration", CheckStatus.FAIL, "no process", "Measuring does not work on this machine."
    )


def test_a_calibration_is_told_with_its_figures(monkeypatch):
    near = replace(GOOD, rss_net_peak_bytes=65 * MIB, heap_net_peak_bytes=63 * MIB)
    monkeypatch.setattr(machine, "calibrate", lambda: Calibration((near,)))
    (told,) = machine.look_at_calibration()
    assert told.name == "calibration, numpy"
    assert told.found == (
        "64.0 MiB taken: OS peak 65.0 MiB (of 64.0 MiB), memray 63.0 MiB (of 64.0 MiB)"
    )
    wrong = replace(near, passed=False)
    monkeypatch.setattr(machine, "calibrate", lambda: Calibration((wrong,)))
    (failed,) = machine.look_at_calibration()
    assert (failed.status, failed.found) == (CheckStatus.FAIL, told.found)
    assert Calibration((GOOD, GOOD)).passed
    assert not Calibration((GOOD, replace(GOOD, passed=False))).passed


def test_what_is_not_ok_has_a_remedy(tmp_path):
    for check in machine.look_at_machine([tmp_path]):
        assert (check.remedy is None) is (check.status is CheckStatus.OK)


def doctor(*arguments):
    return group.main(["doctor", "-q", *arguments], standalone_mode=False)


def test_the_command_prints_a_table_or_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRACEKIT_RUNS_DIR", str(tmp_path))
    assert doctor("--no-calibration") == 0
    assert "Arrow memory pool" in capsys.readouterr().out
    assert doctor("--no-calibration", "--json") == 0
    report = from_json(MachineReport, capsys.readouterr().out)
    assert report.passed
    assert str(tmp_path) in json.dumps([check.name for check in report.checks])


def test_a_failed_check_is_exit_code_2(monkeypatch, capsys):
    bad = replace(GOOD, passed=False)
    monkeypatch.setattr(machine, "calibrate", lambda: Calibration((bad,)))
    assert doctor("--json") == 2
    assert not from_json(MachineReport, capsys.readouterr().out).passed
