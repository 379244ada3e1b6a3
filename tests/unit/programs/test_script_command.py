"""A command line in a report holds no secret."""

from __future__ import annotations

import pytest

from tracekit.programs.script_command import shown_command


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["python", "job.py", "--day", "2026-02-25"], "python job.py --day 2026-02-25"),
        (["job", "--db-password", "x y", "--day", "1"], "job --db-password *** --day 1"),
        (["job", "--api-token=abc", "-v"], "job '--api-token=***' -v"),
        (["job", "scott/tiger@db:1521/X"], "job 'scott/***@db:1521/X'"),
        (["job", "oracle://scott:tiger@db/X"], "job 'oracle://scott:***@db/X'"),
        (["job", "--password-stdin", "--day", "1"], "job --password-stdin --day 1"),
        (["cat", "in/out@2x.png"], "cat 'in/***@2x.png'"),
    ],
)
def test_what_is_secret_is_left_out(command: list[str], shown: str) -> None:
    assert shown_command(command) == shown
