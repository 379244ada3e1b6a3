"""`tracekit localdb --init` and `--check`, and the same script from Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import oracledb
import pytest

from tracekit.errors import ConfigError
from tracekit.testbed import LocalOracle

COMMAND = [sys.executable, "-m", "tracekit", "localdb"]
SCRIPT = """\
-- the lots; of a test
CREATE TABLE lots (id NUMBER(9) CONSTRAINT lots_pk PRIMARY KEY, name VARCHAR2(20));
INSERT INTO lots VALUES (1, 'one; and only');
INSERT INTO lots
VALUES (2, NULL)
/
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)


def test_a_script_is_loaded_before_anybody_is_served(tmp_path: Path) -> None:
    path = tmp_path / "lots.sql"
    path.write_text(SCRIPT)
    with LocalOracle(":memory:", init=path) as local:
        for _ in range(2):
            with (
                oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as one,
                one.cursor() as cursor,
            ):
                cursor.execute("SELECT id, name FROM lots ORDER BY id")
                assert cursor.fetchall() == [(1, "one; and only"), (2, None)]
            local.restart()


def test_a_failing_script_serves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(SCRIPT + "INSERT INTO lots\nVALUES (1, nowhere);\n")
    result = run(":memory:", "--init", str(path), "--port", "0", "-q")
    assert result.returncode == 2
    assert result.stdout == ""
    assert f"{path}:8: INSERT INTO lots VALUES (1, nowhere): ORA-00984" in result.stderr
    with (
        pytest.raises(ConfigError, match=r"bad\.sql:8: INSERT"),
        LocalOracle(":memory:", init=path),
    ):
        pass


def test_check_shows_the_translation() -> None:
    result = run("--check", "SELECT NVL(qty, 0) FROM lots WHERE ROWNUM <= :n;")
    assert result.returncode == 0, result.stderr
    assert 'coalesce("QTY", 0)' in result.stdout
    assert "binds: :N" in result.stdout
    shown = json.loads(run("--check", "DELETE FROM lots WHERE id IN (:a, :b)", "--json").stdout)
    assert shown["kind"] == "dml"
    assert shown["binds"] == ["A", "B"]
    assert "$l0 is one list of 2 binds" in shown["notes"]


def test_check_shows_where_the_error_is() -> None:
    result = run("--check", "SELECT 1 FROM DUAL\nWHERE FROBNICATE(1) = 1")
    assert result.returncode == 1
    assert result.stdout == (
        'ORA-00904: "FROBNICATE": invalid identifier\n  WHERE FROBNICATE(1) = 1\n        ^\n'
    )


@pytest.mark.parametrize("arguments", [(), (":memory:", "--check", "SELECT 1 FROM DUAL")])
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2
