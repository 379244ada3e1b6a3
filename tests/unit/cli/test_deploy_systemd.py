"""`tracekit deploy systemd`: what it writes, that systemd accepts it, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracekit.cli.deploy import command
from tracekit.config import VARIABLES, Settings
from tracekit.errors import ConfigError

FILES = ["tracekit.target", "tracekit-web.service", "tracekit-worker@.service", ".env.example"]
HARDENING = ["NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "ProtectHome="]


def deploy(folder: Path, *options: str) -> Result:
    done = CliRunner().invoke(command, ["systemd", "--output", str(folder), *options])
    if isinstance(done.exception, ConfigError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_the_files_are_written_and_listed(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deploy"
    done = deploy(folder)
    assert done.stdout.splitlines() == [str(folder / name) for name in FILES]
    assert "systemctl enable --now tracekit.target" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name in ("tracekit-web.service", "tracekit-worker@.service"):
        text = (folder / name).read_text(encoding="utf-8")
        for setting in [*HARDENING, "EnvironmentFile=/etc/tracekit/tracekit.env", "Restart="]:
            assert f"\n{setting}" in text, (name, setting)
    assert "OOMPolicy=continue" in lines(folder / "tracekit-worker@.service")


def test_memory_is_bounded_as_requested(tmp_path: Path) -> None:
    deploy(tmp_path, "--worker-memory", "800MiB", "--web-memory", "1GiB")
    assert f"MemoryMax={800 * 2**20}" in lines(tmp_path / "tracekit-worker@.service")
    assert f"MemoryHigh={700 * 2**20}" in lines(tmp_path / "tracekit-worker@.service")
    assert f"MemoryMax={2**30}" in lines(tmp_path / "tracekit-web.service")


def test_the_target_wants_as_many_workers_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACE_WORKER_COUNT", "3")
    deploy(tmp_path)
    wanted = [line for line in lines(tmp_path / "tracekit.target") if line.startswith("Wants=")]
    workers = [f"Wants=tracekit-worker@{number}.service" for number in (1, 2, 3)]
    assert wanted == ["Wants=tracekit-web.service", *workers]


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("mine")
    with pytest.raises(
        ConfigError, match=r"File already exists, will not overwrite without --force: .*\.env"
    ):
        deploy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".env.example"]
    deploy(tmp_path, "--force")
    assert (tmp_path / ".env.example").read_text() != "mine"


def test_every_setting_is_explained_and_the_example_is_the_defaults(tmp_path: Path) -> None:
    deploy(tmp_path)
    found = lines(tmp_path / ".env.example")
    settings = {
        name: value
        for line in found
        if (match := re.fullmatch(r"#?([A-Z_]+)=(.*)", line))
        for name, value in [match.groups()]
    }
    documented = {one.name: one for group in VARIABLES.values() for one in group}
    assert {name: one.default for name, one in documented.items()} == settings
    for line, after in pairwise(found):
        if re.match(r"#?[A-Z_]+=", after):
            assert line.startswith("# "), after
    filled_in = dict(line.split("=", 1) for line in found if re.match(r"[A-Z]", line))
    assert Settings.from_env(filled_in) == Settings.from_env({})
    assert set(filled_in) == {name for name, one in documented.items() if one.needed}


@pytest.mark.parametrize(
    "options",
    [
        ["--user", "a b"],
        ["--listen", "8114\nUser=root"],
        ["--environment-file", "tracekit.env"],
        ["--python", "python3"],
        ["--python", "/opt/$HOME/python3"],
    ],
)
def test_what_makes_no_unit_is_refused(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(ConfigError, match=options[0].lstrip("-").split("-")[0] + "|absolute"):
        deploy(tmp_path, *options)
    assert not list(tmp_path.iterdir())


def test_a_limit_that_the_kernel_would_forestall_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEKIT_WORKER_MEMORY_LIMIT", "900MiB")
    with pytest.raises(ConfigError, match="900 MiB is too close"):
        deploy(tmp_path)
    deploy(tmp_path, "--worker-memory", "2GiB")


@pytest.mark.parametrize("folder", ["plain", "with space, %n and ünïcode"])
def test_systemd_accepts_the_units(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("SYSTEMD UNITS NOT VERIFIED: there is no systemd-analyze on this machine")
    home = tmp_path / folder
    home.mkdir()
    (home / "python").symlink_to(sys.executable)
    monkeypatch.setenv("TRACEKIT_RESULTS_DIR", str(home))
    units = tmp_path / "units"
    deploy(units, "--python", str(home / "python"), "--environment-file", str(home / "env"))
    instance = units / "tracekit-worker@1.service"
    instance.write_bytes((units / "tracekit-worker@.service").read_bytes())
    names = ["tracekit-web.service", instance.name, "tracekit.target"]
    done = subprocess.run(
        [analyze, "verify", "--man=no", *[str(units / name) for name in names]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in done.stderr.splitlines() if "tracekit" in line]
    assert (done.returncode, said) == (0, [])


def test_the_web_units_command_line_starts_the_app(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    deploy(tmp_path, "--listen", address)
    [start] = [
        line.removeprefix("ExecStart=")
        for line in lines(tmp_path / "tracekit-web.service")
        if line.startswith("ExecStart=")
    ]
    environment = {
        "DB_HOST": "db.example",
        "DB_SERVICE": "MES",
        "DB_USER": "trace",
        "DB_PASSWORD": "x",
        "REDIS_URL": "redis://redis.example/0",
    }
    with subprocess.Popen(shlex.split(start), env={**os.environ, **environment}) as web:
        try:
            while web.poll() is None:
                with suppress(OSError):
                    with urllib.request.urlopen(f"http://{address}/api/trace/about") as answer:
                        assert json.load(answer)["queue"] is True
                    break
            assert web.poll() is None
        finally:
            web.terminate()
