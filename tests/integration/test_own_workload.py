"""A stranger's tables, keys and code: reproduce, see, prove, gate, budget, report.

Everything is asked of the commands and the public names, as someone who never saw the trace example
would: once by options alone, once written down in pyproject.toml.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

import tracekit
from tests.integration.dead_notebooks import write_notebook
from tracekit.errors import ConfigError
from tracekit.experiment.prove_candidates import prove_candidates
from tracekit.keyed.legacy_fetcher import LegacyFetcher

ACCOUNTS = 1_500
"""More than one statement's keys."""

JOBS = """
import pandas as pd

QUERY = "SELECT * FROM transactions WHERE account_id IN ({}) ORDER BY txn_id"


def batches(keys, size=1000):
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def executed(connection, batch):
    cursor = connection.cursor()
    cursor.execute(QUERY.format(",".join(f":{n + 1}" for n in range(len(batch)))), batch)
    return cursor, [column[0] for column in cursor.description]


def load_frames(connection, keys):
    frames = []
    for batch in batches(keys):
        cursor, names = executed(connection, batch)
        frames.append(pd.DataFrame(cursor.fetchall(), columns=names))
    return pd.concat(frames)


def stream(connection, keys):
    for batch in batches(keys):
        cursor, names = executed(connection, batch)
        while rows := cursor.fetchmany(500):
            yield names, rows


def one_lost(connection, keys):
    for names, rows in stream(connection, keys):
        yield names, [row for row in rows if row[0] != 7]


def count(connection, keys):
    return object()


def wants_more(connection, limit):
    return []
"""

SCRIPT = """
import os
import oracledb

dsn = f"{os.environ['DB_HOST']}:{os.environ['DB_PORT']}/{os.environ['DB_SERVICE']}"
with oracledb.connect(
    user=os.environ["DB_USER"], password=os.environ["DB_PASSWORD"], dsn=dsn
) as connection:
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM transactions ORDER BY txn_id")
    names = [column[0] for column in cursor.description]
    result = {}
    for row in cursor:
        result.setdefault(row[1], []).append(dict(zip(names, row)))
"""

NOTEBOOK = (
    "%config InteractiveShell.ast_node_interactivity = 'last_expr'\nimport oracledb",
    "connection = oracledb.connect(user='scott', password='tiger', dsn='prod.example/BANK')\n"
    "cursor = connection.cursor()\n"
    "cursor.execute('SELECT * FROM transactions ORDER BY txn_id')\n"
    "names = [column[0] for column in cursor.description]",
    "result = {}\n"
    "for row in cursor:\n"
    "    result.setdefault(row[1], []).append(dict(zip(names, row)))\n"
    "len(result)",
)
"""It names a production database."""

SQL = "SELECT * FROM transactions\nWHERE account_id IN (:keys)\nORDER BY txn_id\n"

PYPROJECT = """
[tool.tracekit.workloads.payments]
database = "data/bank.duckdb"
queries.transactions = { sql = "sql/transactions.sql", key = "ACCOUNT_ID" }
keys = "SELECT account_id FROM accounts ORDER BY 1"
candidates = { old = "jobs:load_frames", new = "jobs:stream", lean = "lean" }
reference = "old"
"""

OPTIONS = ("--database", "data/bank.duckdb", "--sql", "sql/transactions.sql", "--key", "ACCOUNT_ID")
CANDIDATES = (
    *("--candidate", "old=jobs:load_frames"),
    *("--candidate", "new=jobs:stream"),
    *("--candidate", "lean"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    for name in ("data", "sql"):
        (folder / name).mkdir()
    with duckdb.connect(str(folder / "data/bank.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE accounts AS SELECT (1000 + i)::BIGINT account_id, 'owner ' || i name,"
            " chr((65 + i % 3)::INT) branch FROM range(?) t(i)",
            [ACCOUNTS],
        )
        connection.execute(
            "CREATE TABLE transactions AS SELECT i::BIGINT txn_id,"
            " (1000 + i % ?)::BIGINT account_id,"
            " TIMESTAMP_S '2026-01-01 00:00:00' + to_seconds(i) created,"
            " (i % 999 / 8)::DOUBLE amount,"
            " CASE WHEN i % 7 = 0 THEN NULL ELSE 'memo ' || i % 50 END memo,"
            " repeat(chr((97 + i % 26)::INT), 60) || i note FROM range(?) t(i)",
            [ACCOUNTS, 12 * ACCOUNTS],
        )
    (folder / "sql/transactions.sql").write_text(SQL)
    (folder / "jobs.py").write_text(JOBS)
    (folder / "script.py").write_text(SCRIPT)
    write_notebook(folder / "old.ipynb", *NOTEBOOK)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return folder


def run(project: Path, *arguments: object, code: int | None = 0) -> str:
    """What a command prints; its exit code is `code`, or 0 or 1 for None."""
    environment = {**os.environ, "TRACEKIT_CACHE_DIR": str(project / "cache")}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        # The installed command: unlike `python -m`, it does not import from the current folder.
        [Path(sys.executable).with_name("tracekit"), *map(str, arguments)],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    allowed = (0, 1) if code is None else (code,)
    assert done.returncode in allowed, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr if code else done.stdout


@pytest.mark.parametrize("asked", [("payments",), (*OPTIONS, *CANDIDATES)], ids=["toml", "options"])
def test_reproduce_see_and_prove(project: Path, tmp_path: Path, asked: tuple[str, ...]) -> None:
    folder = tmp_path / "run"
    # Whether the peak is lower on so few rows is chance; that is not what is tested here.
    summary = json.loads(run(project, "replay", *asked, "-o", folder, "--json", "-q", code=None))
    found = summary["candidates"]
    assert {name: one["rows"] for name, one in found.items()} == dict.fromkeys(
        ("old", "new", "lean"), 12 * ACCOUNTS
    )
    assert {one["keys"] for one in found.values()} == {ACCOUNTS}
    assert all(one["allocations"] > 0 for one in found.values())
    assert summary["workload"]["query"] == "transactions"
    proofs = summary["proof"]["candidates"]
    assert {name: one["level"] for name, one in proofs.items()} == {"new": "value", "lean": "value"}
    assert {("CREATED", "Timestamp", "datetime")} <= {
        (one["column"], one["from_type"], one["to_type"]) for one in proofs["lean"]["drift"]
    }
    assert {"report.html", "memory.png", "old.bin"} <= {file.name for file in folder.iterdir()}
    assert "transactions" in run(project, "report", folder, "--format", "md")


def test_gate_and_budget(project: Path) -> None:
    gate = ("check", "payments", "--baseline", "baseline.json", "-q")
    run(project, *gate, "--update", "--repeat", "1", "--candidate", "lean")
    run(project, *gate, "--fail-on", "net_peak:100%+64MiB")
    assert "is of workload 'payments'" in run(
        project, "check", "trace-tiny", "--baseline", "baseline.json", "-q", code=2
    )
    record = json.loads(
        run(
            *(project, "estimate", "payments", "--keys", "3000", "--limit", "4GiB"),
            *("--sample", "400", "--candidate", "lean", "--candidate", "old=jobs:load_frames"),
            *("--json", "-q"),
        )
    )
    assert record["workload"]["keys"] == 3000
    assert record["candidates"]["lean"]["fits"] is True
    own = record["candidates"]["old"]  # its rows are counted by nobody: it grows with its keys
    assert own["bytes_per_row"] is None and own["bytes_per_key"] > 0
    assert own["rss_net_peak_bytes"] > own["samples"][-1]["rss_net_peak_bytes"] > 0


def test_bench_own_code_beside_the_built_in_candidates(project: Path) -> None:
    asked = ("payments", "--candidate", "iterator", "--candidate", "mine=jobs:stream")
    record = json.loads(run(project, "bench", *asked, "--repeat", "1", "--json", "-q"))
    assert {one["rows"] for one in record["candidates"].values() if one["rows"]} == {12 * ACCOUNTS}
    assert record["candidates"]["mine"]["exact"] is True


def test_a_lost_row_is_found_and_shown_by_its_key(project: Path) -> None:
    said = run(
        project,
        "prove",
        "payments",
        "--left",
        "new=jobs:stream",
        "--right",
        "jobs:one_lost",
        code=1,
    )
    assert "1007" in said and "DIFFERENT" in said.upper()
    assert "missing record" in said


def test_by_default_the_workload_s_own_candidates_are_proved(project: Path) -> None:
    assert run(project, "prove", "payments", "-q").startswith("new against old: equal at level")
    said = run(project, "prove", "payments", "--left", "lean", "--keys", "200", "-q")
    assert said.startswith("old against lean: equal at level")


def test_a_notebook_is_a_candidate_as_it_is(project: Path, tmp_path: Path) -> None:
    run(project, "prove", "payments", "--left", "old.ipynb", "--right", "lean", "--level", "exact")


def test_where_a_notebook_differs_is_shown_by_key(project: Path, tmp_path: Path) -> None:
    said = run(
        project, "prove", "payments", "--left", "old.ipynb", "--right", "jobs:one_lost", code=1
    )
    assert "1007" in said


@pytest.mark.slow
def test_the_imports_of_a_notebook_are_not_its_net_peak(project: Path, tmp_path: Path) -> None:
    read = "\n".join(NOTEBOOK[1:])
    write_notebook(tmp_path / "first.ipynb", "import oracledb\nimport pandas as pd", read)
    write_notebook(tmp_path / "later.ipynb", NOTEBOOK[0], "print(1)\nimport pandas as pd", read)
    write_notebook(tmp_path / "none.ipynb", "import oracledb", "rows = 1")
    names = ("first", "later", "none")
    candidates = [("--candidate", f"{name}={tmp_path / name}.ipynb") for name in names]

    said = run(
        *(project, "replay", "payments", *(word for pair in candidates for word in pair)),
        *("--no-profile", "-o", tmp_path / "run", "-q"),
        code=1,
    )

    assert "none.ipynb does not set the variable `result`" in said
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    first, later, _ = (summary["candidates"][name] for name in names)
    assert first["rss_net_peak_bytes"] < later["rss_net_peak_bytes"]
    assert first["rss_baseline_bytes"] > later["rss_baseline_bytes"]
    assert not first["remarks"]
    assert any("the import of pandas," in remark for remark in later["remarks"])


def test_a_script_is_a_candidate(project: Path, tmp_path: Path) -> None:
    run(project, "prove", "payments", "--left", "script.py", "--right", "lean", "--level", "exact")


def test_what_says_nothing_about_records_is_measured_and_not_proved(
    project: Path, tmp_path: Path
) -> None:
    said = run(
        *(project, "replay", "payments", "--candidate", "lean", "--candidate", "jobs:count"),
        *("--no-profile", "-o", tmp_path / "run", "-q"),
        code=1,
    )
    assert "count is not proved" in said
    saved = json.loads((tmp_path / "run/summary.json").read_text())
    assert saved["candidates"]["count"]["status"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--candidate", "jobs:wants_more"), "there is no value for its parameter 'limit'"),
        (("--candidate", "jobs:gone"), "jobs:gone cannot be imported"),
        (("--candidate", "nobody"), "unknown 'nobody'; expected legacy"),
        (("--query", "rejects"), "unknown query 'rejects'"),
        (("--keys", "@gone.txt"), "gone.txt: the file could not be read"),
        (("--at", "rows:50%"), "--at rows:50% needs --retention"),
        (("--user", "me"), "--user me needs --dsn, which is not given"),
        (("--reference", "legacy"), "reference 'legacy' is not a candidate"),
    ],
)
def test_wrong_options_are_named_with_their_value(
    project: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    folder = tmp_path / "run"
    found = run(
        project, "replay", "payments", *arguments, "-o", folder, "-q", "--no-profile", code=2
    )  # fmt: skip
    assert said in found


@pytest.mark.parametrize("way", ["plain", "lean", "stream", "table", "legacy"])
def test_keys_with_fractions_of_a_second_find_their_rows(tmp_path: Path, way: str) -> None:
    file = tmp_path / "moments.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE moments AS SELECT TIMESTAMP '2026-01-01 00:00:00.123456'"
            " + to_seconds(i % 3) at_time, i::BIGINT n FROM range(9) t(i)"
        )
    keys = [datetime(2026, 1, 1, 0, 0, second, 123456) for second in range(3)]
    query = tracekit.Query("SELECT * FROM moments WHERE at_time IN (:keys)", key="AT_TIME")
    with tracekit.LocalOracle(file) as local:
        fetcher = tracekit.KeyedFetcher(local.database, query)
        plain = tracekit.KeyedFetcher(local.database, query, records="plain")
        found = {
            "plain": lambda: plain.records(keys),
            "lean": lambda: fetcher.records(keys),
            "stream": lambda: next(fetcher.stream(keys, whole_keys=True)),
            "table": lambda: fetcher.table(keys),
            "legacy": lambda: LegacyFetcher(local.database, query).records(keys),
        }[way]()
    assert {key: len(found[key]) for key in keys} == dict.fromkeys(keys, 3)


def test_only_a_generated_workload_is_built(project: Path) -> None:
    said = run(project, "workload", "build", "payments", code=2)
    assert "workload 'payments' reads" in said and "so there is nothing to build" in said
    assert "Traceback" not in said


def test_more_keys_than_there_are_is_remarked(project: Path, tmp_path: Path) -> None:
    said = run(
        *(project, "replay", *OPTIONS, "--keys", ACCOUNTS + 1, "--candidate", "lean"),
        *("--no-profile", "-o", tmp_path / "run", "-q"),
    )
    assert "1,501 keys were requested; there are 1,500" in said


def test_keys_from_a_file_take_the_columns_type(project: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text("\ufeff1003\n1001\n")
    summary = json.loads(
        run(
            *(project, "replay", *OPTIONS, "--keys", f"@{tmp_path / 'keys.txt'}"),
            *("--candidate", "lean", "--no-profile", "-o", tmp_path / "run", "--json", "-q"),
        )
    )
    assert summary["candidates"]["lean"]["keys"] == 2


@pytest.mark.parametrize("way", ["plain", "lean", "stream", "table", "parquet", "legacy"])
def test_columns_of_one_name_are_refused_instead_of_lost(
    project: Path, tmp_path: Path, way: str
) -> None:
    sql = "SELECT account_id, branch, name branch FROM accounts WHERE account_id IN (:keys)"
    query = tracekit.Query(sql, key="ACCOUNT_ID")
    with tracekit.LocalOracle(project / "data/bank.duckdb") as local:
        fetcher = tracekit.KeyedFetcher(local.database, query)
        plain = tracekit.KeyedFetcher(local.database, query, records="plain")
        ways = {
            "plain": lambda keys: plain.records(keys),
            "lean": lambda keys: fetcher.records(keys),
            "stream": lambda keys: list(fetcher.stream(keys)),
            "table": lambda keys: fetcher.table(keys),
            "parquet": lambda keys: fetcher.to_parquet(keys, tmp_path / "x.parquet"),
            "legacy": lambda keys: LegacyFetcher(local.database, query).records(keys),
        }
        with pytest.raises(ConfigError, match="2 columns called BRANCH"):
            ways[way]([1001])
    assert not list(tmp_path.iterdir())


def test_binds_and_two_key_columns(project: Path, tmp_path: Path) -> None:
    sql = (
        "SELECT t.*, a.branch FROM transactions t JOIN accounts a ON a.account_id = t.account_id"
        " WHERE t.created >= :since AND a.branch = :branch ORDER BY t.txn_id"
    )
    summary = json.loads(
        run(
            *(project, "replay", "--database", "data/bank.duckdb", "--sql", sql),
            *("--key", "BRANCH", "--key", "ACCOUNT_ID", "--bind", "branch=B"),
            *("--bind", "since:date=2026-01-01T02:00:00", "--candidate", "iterator"),
            *("--candidate", "lean", "--candidate", "table", "--candidate", "parquet"),
            *("--candidate", "stream", "--level", "exact", "--no-profile"),
            *("-o", tmp_path / "run", "--json", "-q"),
            code=None,
        )
    )
    proofs = summary["proof"]["candidates"]
    assert {one["level"] for one in proofs.values()} == {"exact"}
    assert summary["candidates"]["lean"]["keys"] == ACCOUNTS // 3


@pytest.fixture(scope="module")
def database(project: Path):
    with tracekit.LocalOracle(project / "data/bank.duckdb") as local:
        yield local.database


class TestInPython:
    """The same from a notebook: functions that live in the session alone."""

    def test_functions_of_a_session_are_replayed(self, project, database, tmp_path):
        table = "transactions"

        def mine(connection, keys, query):
            sql, binds = query.statement(keys)
            cursor = connection.cursor()
            cursor.execute(sql.replace("transactions", table), binds)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        done = tracekit.replay(
            candidates={"mine": mine, "lean": "lean", "lazy": lambda keys: iter(())},
            database=database,
            query=tracekit.Query(SQL, key="account_id"),
            keys=[1001, 1002],
            profile=False,
            output=tmp_path / "run",
        )
        proofs = done.summary.proof.candidates
        assert (proofs["lean"].level, proofs["lazy"].level) == ("exact", "different")

    def test_keys_of_every_type_come_back_by_every_way(self, database, tmp_path):
        day = datetime(2026, 1, 1)
        cases = {
            "txn_id": [3, 4.0, Decimal(5), 5],
            "created": [day.replace(second=3), day.replace(second=4)],
            "memo": ["memo 3", "memo 4"],
            "amount": [0.125, 0.25],
        }
        for column, keys in cases.items():
            query = tracekit.Query("SELECT * FROM transactions ORDER BY txn_id", key=column)
            fetcher = tracekit.KeyedFetcher(database, query)
            found = fetcher.records(keys)
            assert found.keys() == set(keys)
            assert tracekit.KeyedFetcher(database, query, records="plain").records(keys) == found
            assert tracekit.LegacyFetcher(database, query).records(keys).keys() == found.keys()
            assert fetcher.table(keys).to_records() == found
            assert fetcher.table(keys)[keys[0]] == found[keys[0]]
            pieces = list(fetcher.stream(keys, whole_keys=True))
            assert {key: rows for piece in pieces for key, rows in piece.items()} == found
            fetcher.to_parquet(keys, tmp_path / f"{column}.parquet")
            with tracekit.open_parquet(tmp_path / f"{column}.parquet") as stored:
                assert stored.to_records() == found
                assert list(stored) == list(found)

    def test_a_replay_of_no_rows_does_not_pass(self, database, tmp_path):
        query = tracekit.Query("SELECT * FROM transactions WHERE txn_id IN (:keys)", key="txn_id")
        asked = {"database": database, "query": query, "keys": [-1, -2]}
        candidates = ["iterator", "lean"]
        done = tracekit.replay(
            candidates=candidates, profile=False, output=tmp_path / "run", **asked
        )
        assert not done.verdict.passed
        assert "no rows were read" in done.verdict.reasons[0]
        with pytest.raises(ConfigError, match="no rows were read"):
            prove_candidates(candidates, **asked)

    def test_a_row_without_key_is_an_error_and_left_out_keys_are_reported(self, database, tmp_path):
        query = tracekit.Query("SELECT * FROM transactions", key="memo")
        done = tracekit.replay(
            candidates=["lean"],
            database=database,
            query=query,
            profile=False,
            output=tmp_path / "run",
        )
        assert any("key is NULL" in remark for remark in done.summary.workload.remarks)
        whole = tracekit.Query(
            "SELECT * FROM transactions WHERE txn_id < 9 OR txn_id IN (:keys)", key="memo"
        )
        with pytest.raises(tracekit.errors.FetchError, match="NULL in its key"):
            tracekit.KeyedFetcher(database, whole).records([1])

    def test_measure_one_function(self, database):
        def load(connection, keys):
            return [connection.cursor().execute("SELECT 1 FROM DUAL").fetchone() for _ in keys]

        found = tracekit.measure(load, database=database, keys=[1, 2], result=True, profile=False)
        assert (found.status, found.result) == ("ok", [(1,), (1,)])
        with pytest.raises(ConfigError, match="expected a function"):
            tracekit.measure(None)
        failed = tracekit.measure(lambda limit: None, profile=False)
        assert failed.status == "failed" and "parameter 'limit'" in (failed.reason or "")
