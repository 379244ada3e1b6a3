"""Temporary files of servers: removed with their owner, or after it, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tracekit.localdb.duck.spool_folder import SpoolFolder, sweep

OWNER = """
import sys, time
from pathlib import Path
from tracekit.localdb.duck.spool_folder import SpoolFolder
spool = SpoolFolder(Path(sys.argv[1]))
(spool.path / "rows").write_text("x")
print("ready", flush=True)
time.sleep(60)
"""


def test_a_spool_is_gone_when_it_is_closed(tmp_path: Path) -> None:
    spool = SpoolFolder(tmp_path)
    (spool.path / "rows").write_text("x")
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_owner_left_is_swept_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        assert sweep(tmp_path) == 0
        owner.kill()
    [left] = tmp_path.iterdir()
    spool = SpoolFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [spool.path]
    assert left != spool.path
    spool.close()


def test_links_files_and_folders_that_are_being_made_stay(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("x")
    (tmp_path / "tracekit-spool-link").symlink_to(elsewhere)
    (tmp_path / "tracekit-spool-file").write_text("x")
    new = tmp_path / "tracekit-spool-new"
    new.mkdir()
    assert sweep(tmp_path) == 0
    assert (elsewhere / "precious").exists()

    os.utime(new, (time.time() - 3600,) * 2)
    assert sweep(tmp_path) == 1
    assert not new.exists()
