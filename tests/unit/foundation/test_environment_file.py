"""environment.yml asks for what pyproject.toml asks for, in the same bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
_ENTRY = re.compile(r"^\s+- (?P<name>[A-Za-z0-9._-]+)(?P<bounds>[][a-z0-9<>=!~.,]*)$")
_NOT_PACKAGES = {"python", "pip", "conda-forge"}


def _from_environment_file() -> dict[str, str]:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    matches = [_ENTRY.match(line) for line in text.splitlines()]
    return {m["name"]: m["bounds"] for m in matches if m and m["name"] not in _NOT_PACKAGES}


def _from_pyproject() -> dict[str, str]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    wanted = [*project["dependencies"], *data["dependency-groups"]["test"]]
    for extra in project["optional-dependencies"].values():
        wanted.extend(extra)
    parts = [re.match(r"([A-Za-z0-9._-]+)(.*)", entry) for entry in wanted]
    return {m[1]: m[2] for m in parts if m}


def test_environment_file_and_pyproject_ask_for_the_same() -> None:
    assert _from_environment_file() == _from_pyproject()


def test_environment_file_installs_the_package_itself() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")

    assert "      - -e .\n" in text


def test_the_lock_holds_every_dependency_and_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {m[1].lower() for m in re.finditer(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}

    assert {name.lower() for name in _from_pyproject()} <= locked
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock


def test_every_locked_line_is_hash_pinned() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9._-]+==)", lock, flags=re.MULTILINE)[1:]

    assert len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)
