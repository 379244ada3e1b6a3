import json
from dataclasses import replace

from tracekit.cli.app import group
from tracekit.profiling import machine
from tracekit.profiling.calibration import Calibration, CalibrationCheck
from tracekit.profiling.cgroup import CgroupMemory
from tracekit.records import CheckStatus, MachineReport, from_json

MIB = 2**20
GOOD = CalibrationCheck("numpy", 64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB, passed=True)


def test_a_calibration_that_reads_wrong_fails_and_says_why(monkeypatch):
    wrong = replace(GOOD, rss_net_peak_bytes=None, passed=False, reason="killed")
    monkeypatch.setattr(machine, "calibrate", lambda: Calibration((GOOD, wrong)))
    good, bad = machine.look_at_calibration()
    assert (good.status, good.remedy) == (CheckStatus.OK, None)
    assert bad.status is CheckStatus.FAIL
    assert "OS peak not measured (of 64.0 MiB)" in bad.found
    assert "killed" in bad.found
    assert bad.remedy


def test_a_folder_that_cannot_be_written_to_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.os, "access", lambda *_: False)
    (found,) = [c for c in machine.look_at_machine([tmp_path / "new"]) if "folder" in c.name]
    assert found.status is CheckStatus.FAIL


def test_huge_pages_always_is_a_warning(tmp_path, monkeypatch):
    enabled = tmp_path / "enabled"
    monkeypatch.setattr(machine, "_HUGE_PAGES", enabled)
    for text, status in (
        ("[always] madvise never", CheckStatus.WARN),
        ("always [madvise] never", CheckStatus.OK),
    ):
        enabled.write_text(text)
        (found,) = [c for c in machine.look_at_machine([]) if c.name == "huge pages"]
        assert found.status is status


def test_little_memory_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "cgroup_memory", lambda: CgroupMemory(512 * MIB, 0))
    (found,) = [c for c in machine.look_at_machine([]) if c.name == "memory"]
    assert found.status is CheckStatus.WARN
    assert "limited by a cgroup to 512 MiB" in found.found
    assert "--keys" in found.remedy


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
