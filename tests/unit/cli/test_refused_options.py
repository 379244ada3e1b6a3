"""Options that make no sense are refused with their name and value, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tracekit.cli.app import group
from tracekit.errors import TracekitError

REFUSED = [
    ("replay trace-tiny --dsn {empty}", "--dsn '' is empty"),
    ("prove --dsn db:1521/x --user {empty}", "--user '' is empty"),
    ("prove trace-tiny --query {empty}", "--query '' is empty"),
    ("bench trace-tiny --sizes {empty}", "'': expected numbers of keys"),
    ("run --dsn {empty} -- true", "--dsn '' is empty"),
    ("serve trace-tiny --workload trace-tiny", "cannot be used together; give only one"),
    ("serve --workload {empty}", "--workload '' is empty"),
    ("run --memory-limit 0 -- true", "'0' leaves no memory at all"),
    ("clean --keep 2", "--keep 2 needs --runs"),
    ("localdb :memory: --keys 5", "keys=5 needs a workload"),
    ("localdb :memory: --writable", "writable needs a DuckDB file"),
    ("deploy systemd -o new --listen 127.0.0.1:99999", "a port is a number from 1 to 65535"),
    ("deploy systemd -o new --listen 127.0.0.1:0", "a port is a number from 1 to 65535"),
    ("notebook list.json", "list.json is not a readable notebook"),
    ("notebook null.json", "null.json is not a readable notebook"),
    ("notebook deep.json", "deep.json is not a readable notebook"),
    ("check trace-tiny --update --baseline list.json/b.json", "list.json is not a directory"),
    ("shape record trace-tiny -o list.json/s.json", "list.json is not a directory"),
    ("shape record trace-tiny -o list.json", "will not overwrite without --force: list.json"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_an_option_that_makes_no_sense_is_refused(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text("[]")
    Path("null.json").write_text("null")
    Path("deep.json").write_text("[" * 10_000 + "]" * 10_000)
    before = set(tmp_path.rglob("*"))
    arguments = ["" if word == "{empty}" else word for word in line.split()]
    done = CliRunner().invoke(group, arguments)
    if isinstance(done.exception, TracekitError):
        assert message in str(done.exception)
    else:
        assert done.exit_code == 2
        assert message in done.stderr
    assert set(tmp_path.rglob("*")) == before
