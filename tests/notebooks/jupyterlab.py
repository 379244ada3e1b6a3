"""A real JupyterLab on this machine's loopback, in a process of its own."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_START_SECONDS = 40
_SETTINGS = {
    # Draws every cell, also those that no eye has come to yet.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # Asks no server on the net for news and versions.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextmanager
def jupyterlab(root: Path, state: Path) -> Iterator[str]:
    """The address, with its token, of a JupyterLab that serves `root`.

    Args:
        root: the folder it shows.
        state: where JUPYTERLAB_SETTINGS_DIR and JUPYTER_RUNTIME_DIR are: `settings`, `runtime`.
    """
    for name, settings in _SETTINGS.items():
        file = state / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    log = state / "jupyterlab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                f"--ServerApp.root_dir={root}",
                f"--IdentityProvider.token={secrets.token_hex(16)}",
                "--ServerApp.ip=127.0.0.1",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=state,
        )
    try:
        yield _address(server, state / "runtime", log)
    finally:
        server.terminate()  # ends its kernels first
        try:
            server.wait(20)
        finally:
            server.kill()


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        for file in runtime.glob("jpserver-*.json"):
            try:
                found = json.loads(file.read_text(encoding="utf-8"))
                urlopen(f"{found['url']}api/status?token={found['token']}", timeout=5).close()
            except (ValueError, URLError):
                break
            return f"{found['url']}lab/tree/{{}}?token={found['token']}"
        time.sleep(0.1)
    raise AssertionError(f"no JupyterLab after {_START_SECONDS} s:\n{log.read_text()}")
