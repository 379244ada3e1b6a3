"""A local Oracle that does not end when it is asked to leaves nothing behind either."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

from tracekit import LocalOracle


def test_a_server_that_had_to_be_killed_leaves_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalOracle(":memory:") as local:
        assert list(tmp_path.glob("tracekit-spool-*"))
        assert local.server_pid is not None
        os.kill(local.server_pid, signal.SIGSTOP)
    assert list(tmp_path.iterdir()) == []
