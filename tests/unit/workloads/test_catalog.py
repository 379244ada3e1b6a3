from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.errors import WorkloadError
from tracekit.workloads import catalog, load


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_named_workloads_load_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    sizes = {workload.name: workload.cids for workload in catalog()}

    assert sizes == {"trace-114k": 114_000, "trace-smoke": 2_000, "trace-tiny": 50}
    assert load("trace-114k", cids=70).cids == 70


def test_a_projects_own_definition_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_toml: str
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tiny_toml.replace("cids = 50", "cids = 7")
    write(tmp_path / "profiles/workloads", "trace-tiny", own)
    write(tmp_path / "profiles/workloads", "mine", own.replace("trace-tiny", "mine"))

    assert load("trace-tiny").cids == 7
    assert load("mine").name == "mine"
    assert {"mine", "trace-smoke"} < {workload.name for workload in catalog()}


def test_a_definition_loads_by_path(tmp_path: Path, tiny_toml: str) -> None:
    path = write(tmp_path, "trace-tiny", tiny_toml)

    assert load(path) == load(str(path)) == load("trace-tiny")


def test_a_definition_must_carry_its_files_name(tmp_path: Path, tiny_toml: str) -> None:
    with pytest.raises(WorkloadError, match='write name = "mine"'):
        load(write(tmp_path, "mine", tiny_toml))


def test_an_unknown_name_gets_the_known_ones_and_a_guess() -> None:
    with pytest.raises(WorkloadError, match=r"'trace-smok'.*trace-114k.*mean 'trace-smoke'"):
        load("trace-smok")


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"gone\.toml: no such workload definition"):
        load(tmp_path / "gone.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(WorkloadError, match=r"binary\.toml could not be read"):
        load(binary)
