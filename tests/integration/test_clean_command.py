"""`tracekit clean` removes what tracekit made, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracekit.cli.clean import command

OURS = {"schema_version": 1, "workload": {}, "environment": {}, "verdict": {}}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACEKIT_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("TRACEKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "runs"


def folder(runs: Path, name: str, summary: object) -> Path:
    made = runs / name
    made.mkdir(parents=True)
    (made / "summary.json").write_text(json.dumps(summary))
    (made / "memory.png").write_bytes(b"12345")
    return made


def clean(*options: str) -> Result:
    return CliRunner().invoke(command, list(options))


def test_only_folders_with_a_summary_of_ours_are_removed(runs: Path) -> None:
    mine = folder(runs, "mine", OURS)
    others = [
        folder(runs, "coverage", {"coverage": 99}),
        folder(runs, "list", [OURS]),
        folder(runs, "empty", {}),
        folder(runs, "other", {**OURS, "schema_version": "1.0"}),
    ]
    done = clean("--runs")
    assert done.exit_code == 0, done.output
    assert not mine.exists()
    assert all((other / "memory.png").exists() for other in others)


def test_a_link_to_a_run_is_left_alone_and_stops_nothing(runs: Path, tmp_path: Path) -> None:
    elsewhere = folder(tmp_path / "elsewhere", "run", OURS)
    mine = folder(runs, "mine", OURS)
    (runs / "a-link").symlink_to(elsewhere)
    (mine / "inner").symlink_to(elsewhere)
    (mine / "dangling").symlink_to(tmp_path / "nowhere")
    done = clean("--runs")
    assert done.exit_code == 0, done.output
    assert not mine.exists()
    assert (elsewhere / "memory.png").exists()
    assert (runs / "a-link").is_symlink()


def test_a_folder_that_cannot_be_removed_does_not_keep_the_others(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, mine = folder(runs, "stuck", OURS), folder(runs, "mine", OURS)
    remove = shutil.rmtree

    def fail_once(path: Path) -> None:
        if path == stuck:
            raise PermissionError(13, "Permission denied")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", fail_once)
    done = clean("--runs")
    assert str(stuck) in str(done.exception)
    assert (stuck.exists(), mine.exists()) == (True, False)


def test_the_requested_number_of_newest_runs_is_kept(runs: Path) -> None:
    folder(runs, "one", OURS)
    assert clean("--runs", "--keep", "5").exit_code == 0
    assert (runs / "one").exists()
