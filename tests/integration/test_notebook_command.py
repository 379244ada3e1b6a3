"""`tracekit notebook`: files, exit codes, comparison, redirect, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from tests.integration.browser import chromium
from tests.integration.dead_notebooks import GROWING, write_notebook

MIB = 2**20
TRACEKIT = [sys.executable, "-m", "tracekit", "notebook"]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TRACEKIT, *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


def report(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and program.json of a run."""
    done = run(folder, "--json", "-q", *arguments)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A notebook that was killed at its limit, with the run's folder `out`."""
    folder = tmp_path_factory.mktemp("killed")
    write_notebook(folder / "growing.ipynb", *GROWING)
    done = run(
        folder,
        "growing.ipynb",
        "--memory-limit",
        "280MiB",
        "--on-limit",
        "kill",
        "-o",
        "out",
    )
    return folder, done


def test_a_killed_notebook_exits_with_53_and_leaves_a_whole_folder(killed: tuple[Path, Any]):
    folder, done = killed

    assert done.returncode == 53
    assert "KILLED: growing.ipynb: In [4] was killed." in done.stdout
    names = {file.name for file in (folder / "out").iterdir()}
    assert names == {
        "report.html",
        "report.md",
        "memory.png",
        "program.json",
        "executed-growing.ipynb",
    }
    saved = json.loads((folder / "out" / "program.json").read_text(encoding="utf-8"))
    assert saved["status"] == "killed"
    assert saved["notebook"] == "growing.ipynb"
    assert saved["memory_limit_bytes"] == 280 * MIB
    assert [cell["status"] for cell in saved["cells"]] == ["ok"] * 3 + ["killed", "not_run"]
    assert {"index", "execution_count", "reason", "wall_seconds", "rss_net_peak_bytes"} <= (
        saved["cells"][0].keys()
    )
    executed = nbformat.read(folder / "out" / "executed-growing.ipynb", as_version=4)
    nbformat.validate(executed)
    assert "SIGKILL" in executed.cells[4].outputs[0]["evalue"]


def test_what_is_shared_holds_no_line_of_code(killed: tuple[Path, Any]):
    folder, done = killed

    assert "store.append" in done.stdout
    for name in ("report.html", "report.md"):
        text = (folder / "out" / name).read_text(encoding="utf-8")
        assert "store.append" not in text
        assert str(folder) not in text
        assert "In [4] line 1" in text or "In &#91;4&#93; line 1" in text


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_screen_and_shows_bands_and_limit(killed: tuple[Path, Any], width: int):
    page_file = killed[0] / "out" / "report.html"

    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        plot = page.locator("svg:visible")
        assert plot.count() == 1
        assert plot.locator("rect.band").count() == 4
        assert plot.locator("rect.band.died").count() == 1
        assert plot.locator(".limit-label").text_content() == "limit 280 MiB"
        page.close()


def test_a_notebook_against_one_before_and_its_rules(tmp_path: Path):
    write_notebook(tmp_path / "before.ipynb", "block = bytearray(60 * 2**20)")
    write_notebook(tmp_path / "after.ipynb", "block = bytearray(20 * 2**20)")
    code, found = report(
        tmp_path, "after.ipynb", "--compare", "before.ipynb", "-o", "a", "--fail-on", "net_peak:10%"
    )
    assert code == 0
    assert found["before"]["rss_net_peak_bytes"] > 2 * found["after"]["rss_net_peak_bytes"]

    grown = run(
        tmp_path,
        *("before.ipynb", "--compare", "a", "--fail-on", "net_peak:10%+8MiB", "-o", "b"),
    )
    assert grown.returncode == 1
    assert "net_peak:10%+8MiB allows" in grown.stdout
    assert "before.ipynb" in grown.stdout


def test_what_makes_no_sense_is_an_error_before_anything_runs(tmp_path: Path):
    write_notebook(tmp_path / "a.ipynb", "1")
    for arguments, words in (
        (("missing.ipynb",), "the notebook missing.ipynb does not exist"),
        (("a.ipynb", "--fail-on", "net_peak:10%"), "--compare, which is not given"),
        (("a.ipynb", "--workload", "no-such"), "no-such"),
    ):
        done = run(tmp_path, *arguments, "-o", "out")
        assert done.returncode == 2, arguments
        assert words in done.stderr
        assert not (tmp_path / "out").exists()


def test_a_limit_below_what_the_kernel_needs_is_an_error(tmp_path: Path):
    write_notebook(tmp_path / "tiny.ipynb", "x = 1")

    done = run(tmp_path, "tiny.ipynb", "--memory-limit", "10MiB", "-q", "-o", "deep/out")

    assert done.returncode == 2
    assert "the memory limit of 10.0 MiB is below the " in done.stderr
    assert "that the kernel itself needs before the first cell. Raise the limit." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "deep").exists()


def test_a_kernel_killed_before_its_first_cell_was_killed_by_the_limit(tmp_path: Path):
    write_notebook(tmp_path / "tiny.ipynb", "x = 1")
    limited = ("tiny.ipynb", "--memory-limit", "10MiB", "--on-limit", "kill")

    killed = run(tmp_path, *limited, "-q", "--expect-out-of-memory", "-o", "out")

    assert killed.returncode == 0, killed.stderr
    assert killed.stdout.startswith("KILLED: tiny.ipynb was killed.")
    assert "SIGKILL at the memory limit of 10.0 MiB" in killed.stdout
    assert "below what the kernel itself needs before the first cell. Raise" in killed.stdout
    found = json.loads((tmp_path / "out" / "program.json").read_text(encoding="utf-8"))
    assert (found["status"], found["cells"][0]["status"]) == ("killed", "not_run")


@pytest.mark.slow
def test_a_kernel_that_dies_between_two_cells_is_not_a_success(tmp_path: Path):
    write_notebook(
        tmp_path / "dies.ipynb",
        "import os, signal\n"
        "def die(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "get_ipython().events.register('post_run_cell', die)",
        "2",
    )

    done = run(tmp_path, "dies.ipynb", "-q", "-o", "out")

    assert done.returncode == 53, done.stderr
    assert done.stdout.startswith("KILLED: dies.ipynb was killed.")
    assert "not all cells were run: SIGKILL" in done.stdout


def test_a_cell_that_raises_is_a_failed_check(tmp_path: Path):
    write_notebook(tmp_path / "raises.ipynb", "1 / 0", "2")

    code, found = report(tmp_path, "raises.ipynb", "-o", "out")

    assert code == 1
    assert [cell["status"] for cell in found["cells"]] == ["failed", "not_run"]


def test_connections_go_to_the_workload(tmp_path: Path):
    write_notebook(
        tmp_path / "reads.ipynb",
        "import oracledb\n"
        "connection = oracledb.connect(user='scott', password='tiger', dsn='prod.example/PROD')",
        "with connection.cursor() as cursor:\n"
        "    cursor.execute('SELECT COUNT(*) FROM DW_MES_CONTAINER')\n"
        "    print(cursor.fetchone())",
    )

    code, found = report(tmp_path, "reads.ipynb", "--workload", "trace-smoke", "-o", "out")

    assert code == 0
    (redirected,) = found["redirected"]
    assert "prod.example" in redirected["dsn"]
    assert redirected["connections"] == 1


def test_ctrl_c_leaves_no_kernel_and_no_child_behind(tmp_path: Path):
    write_notebook(
        tmp_path / "waits.ipynb",
        "import os, pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {child.pid}')\n"
        "time.sleep(300)",
    )
    started = subprocess.Popen(
        [*TRACEKIT, "waits.ipynb", "-o", "out"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    pids = tmp_path / "pids"
    _until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    time.sleep(0.2)  # the child must have been seen once

    started.send_signal(signal.SIGINT)

    _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    _until(lambda: not any(map(_is_running, map(int, pids.read_text().split()))))
    assert not (tmp_path / "out").exists()


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
