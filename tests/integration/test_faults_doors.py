"""Faults from the command line and from the pytest plugin."""

from __future__ import annotations

import json
import subprocess
import sys

import oracledb
import pytest

pytest_plugins = ["pytester"]


def test_the_command_line_sets_faults() -> None:
    faults = ["--fault", "refuse connection=1", "--fault", "error code=1555 statement=dual"]
    serve = ["localdb", ":memory:", "--port", "0", "--json", "-q"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tracekit", *serve, *faults], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        login = {name: facts[name] for name in ("user", "password", "dsn")}
        with pytest.raises(oracledb.Error):
            oracledb.connect(**login)
        with oracledb.connect(**login) as connection, pytest.raises(oracledb.Error) as info:
            connection.cursor().execute("SELECT 1 FROM DUAL")
        assert info.value.args[0].code == 1555
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_fault_that_makes_no_sense_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "tracekit", "localdb", ":memory:", "--fault", "explode"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "unknown fault 'explode'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plugin_lifts_faults_after_each_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import pytest
from tracekit.errors import FetchError

QUERY = "SELECT LEVEL AS N FROM DUAL CONNECT BY LEVEL <= 100"

def test_bad_day(local_oracle, oracle_faults):
    fault = oracle_faults.error(1555, rows=50)
    with pytest.raises(FetchError):
        local_oracle.database.read_sql_df(QUERY)
    assert oracle_faults.fired == {fault: 1}

def test_good_day(local_oracle):
    assert len(local_oracle.database.read_sql_df(QUERY)) == 100
"""
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
