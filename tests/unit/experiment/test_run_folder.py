import errno
from datetime import UTC, datetime

import pytest

from tracekit.errors import ConfigError, ProfileError
from tracekit.experiment.run_folder import RunFolder, disk_errors, read_run, run_name


def test_a_run_is_named_by_time_workload_and_domain():
    began = datetime(2026, 11, 23, 10, 15, 2, tzinfo=UTC)
    assert run_name("my/odd name", "history", began) == "20261123T101502-my-odd-name-history"


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "summary.json").write_text("precious")
    with pytest.raises(ConfigError, match=r"summary\.json.*--force"):
        RunFolder.new(tmp_path)
    assert (tmp_path / "summary.json").read_text() == "precious"


def test_force_replaces_a_run_and_nothing_else(tmp_path):
    for name in ("summary.json", "legacy.bin", "legacy-digests.bin", "legacy-timeline.json"):
        (tmp_path / name).write_text("old")
    (tmp_path / "notes.txt").write_text("precious")
    RunFolder.new(tmp_path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_discarded_run_leaves_no_folder_that_was_made_for_it(tmp_path):
    run = RunFolder.new(tmp_path / "profiles" / "runs" / "one")
    run.discard()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "profiles").mkdir()
    run = RunFolder.new(tmp_path / "profiles" / "runs" / "one")
    (tmp_path / "profiles" / "runs" / "another").mkdir()
    run.discard()
    assert [one.name for one in tmp_path.rglob("*")] == ["profiles", "runs", "another"]


def test_a_discarded_run_leaves_no_folder(tmp_path):
    folder = RunFolder.new(tmp_path / "runs" / "one")
    folder.capture("legacy").write_text("half")
    folder.discard()
    assert not folder.path.exists()


def test_what_cannot_be_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        RunFolder.new(tmp_path / "file")


def test_a_full_disk_is_a_named_error(tmp_path):
    with pytest.raises(ProfileError, match="is full"), disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(ConfigError, match="does not contain a run"):
        read_run(tmp_path)
