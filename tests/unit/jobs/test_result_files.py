"""Files of results: whole or not there, swept when expired, nothing else touched."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tracekit.errors import ExportError
from tracekit.jobs.result_files import ResultFiles, chunk_file_name

JOB = "0" * 32
ATTEMPT = "ab" * 8


def name(number: int) -> str:
    return chunk_file_name("upstream_history", 3, number, ATTEMPT)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_read_and_nothing_else_is_there(tmp_path: Path) -> None:
    files = ResultFiles(tmp_path / "results")
    files.write(JOB, name(0), b"one", keep_seconds=60)
    files.write(JOB, name(0), b"two", keep_seconds=60)
    assert files.read(JOB, name(0)) == b"two"
    assert files.read(JOB, name(1)) is None
    assert names(tmp_path / "results" / JOB) == [".expires", name(0)]
    assert files.has_all(JOB, [name(0)])
    assert not files.has_all(JOB, [name(0), name(1)])


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", ".expires", "domain=a/0.0-x.parquet", ""]
)
def test_no_other_file_is_read_whatever_a_manifest_says(tmp_path: Path, path: str) -> None:
    files = ResultFiles(tmp_path)
    files.write(JOB, name(0), b"one", keep_seconds=60)
    (tmp_path / "secret").write_bytes(b"secret")
    assert files.read(JOB, path) is None


def test_dropping_keeps_what_is_named(tmp_path: Path) -> None:
    files = ResultFiles(tmp_path)
    for number in range(3):
        files.write(JOB, name(number), b"x", keep_seconds=60)
    files.drop(JOB, but=[name(1)])
    assert names(tmp_path / JOB) == [".expires", name(1)]
    files.drop(JOB)
    files.drop(JOB)
    assert not list(tmp_path.iterdir())


def test_sweeping_removes_expired_jobs_alone(tmp_path: Path) -> None:
    files = ResultFiles(tmp_path)
    files.write("expired", name(0), b"x", keep_seconds=-5)
    files.write("kept", name(0), b"x", keep_seconds=60)
    (tmp_path / "not ours").mkdir()
    (tmp_path / "unmarked").mkdir()
    old = time.time() - 10**6
    os.utime(tmp_path / "unmarked", (old, old))
    assert files.sweep() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "not ours", "unmarked"]
    files.keep("kept", -5)
    assert files.sweep() == 1
    assert ResultFiles(tmp_path / "nowhere").sweep() == 0


def test_a_read_only_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="TRACEKIT_RESULTS_DIR: Not a directory"):
        ResultFiles(tmp_path / "file").write(JOB, name(0), b"x", keep_seconds=60)
