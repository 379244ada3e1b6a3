from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tracekit import workloads
from tracekit.errors import WorkloadError
from tracekit.workloads.build_file import build_lock, building_dir


def test_no_cache_is_an_empty_cache(tmp_path: Path) -> None:
    assert workloads.cached(tmp_path / "never") == []


def test_the_cache_lists_its_contents_and_removes_what_is_requested(tmp_path: Path) -> None:
    small = workloads.load("trace-tiny", keys=3)
    paths = [
        workloads.build(small, tmp_path),
        workloads.build(workloads.load("trace-tiny"), tmp_path),
    ]
    damaged = paths[0].with_name("damaged-12-0123456789ab.duckdb")
    damaged.write_bytes(b"cut short")

    items = {item.path: item for item in workloads.cached(tmp_path)}
    assert set(items) == {*paths, damaged}
    assert items[paths[0]].size == 3
    assert items[paths[0]].fingerprint == small.fingerprint
    assert items[paths[0]].size_bytes == paths[0].stat().st_size
    assert (items[damaged].name, items[damaged].size) == (damaged.stem, None)

    workloads.remove(items[damaged])
    workloads.remove(items[paths[0]])

    assert [item.path for item in workloads.cached(tmp_path)] == [paths[1]]
    workloads.remove(items[paths[1]])
    assert list((tmp_path / "workloads").iterdir()) == []


def test_files_and_links_of_others_are_not_listed(tmp_path: Path) -> None:
    built = workloads.build(workloads.load("trace-tiny"), tmp_path / "elsewhere")
    folder = tmp_path / "workloads"
    folder.mkdir()
    (folder / "mine.duckdb").write_text("no database")
    duckdb.connect(str(folder / "mine-3-0123456789ab.duckdb")).close()
    (folder / "mine.building").mkdir()
    (folder / built.name).symlink_to(built)
    (folder / "dangling-3-0123456789ab.duckdb").symlink_to(tmp_path / "nowhere")
    assert workloads.cached(tmp_path) == []


def test_what_is_being_built_is_not_removed(tmp_path: Path) -> None:
    path = workloads.build(workloads.load("trace-tiny"), tmp_path)
    workshop = building_dir(path)
    workshop.mkdir()
    (workshop / "half").write_bytes(b"12345")
    whole, unfinished = workloads.cached(tmp_path)
    assert (whole.complete, unfinished.complete) == (True, False)
    assert unfinished.size_bytes == 5

    with build_lock(path), pytest.raises(WorkloadError, match="being built by another process"):
        workloads.remove(unfinished)
    assert workshop.exists()

    workloads.remove(unfinished)
    assert not workshop.exists()
    assert path.exists()
