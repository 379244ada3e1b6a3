"""A program, unmodified, is recorded on a database and replayed from its shape alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import oracledb
import psutil
import pytest

from tests.integration.canned_backend import CannedBackend, expected_rows
from tracekit import LocalOracle
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.server import Server
from tracekit.records import Shape
from tracekit.testbed.relay.backend import RelayBackend
from tracekit.testbed.relay.recording import Recording
from tracekit.testbed.relay.relay import Relay
from tracekit.workloads.shapes import read_shape, shape_workload

TRACEKIT = [sys.executable, "-m", "tracekit"]
HISTORY = "SELECT * FROM dw_mes_lotwiphistory WHERE containerid IN ({}) ORDER BY trackintimestamp"

JOB = '''
import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import oracledb
import pandas as pd
from sqlalchemy import create_engine, text

DSN = "prod.example.com:1521/BANK"
LOGIN = {"user": "app", "password": "unused", "dsn": DSN}
HISTORY = """
    SELECT /*+ PARALLEL(8) */ * FROM DW_MES_LOTWIPHISTORY
    WHERE CONTAINERID IN ({}) ORDER BY TRACKINTIMESTAMP
"""
keys = Path("keys.txt").read_text().split()


def sql(batch):
    return HISTORY.format(", ".join(f":p{i}" for i in range(len(batch))))


def binds(batch):
    return {f"p{i}": key for i, key in enumerate(batch)}


with oracledb.connect(**LOGIN) as connection:
    frame = pd.read_sql(sql(keys[:300]), connection, params=binds(keys[:300]))
    print("pandas", len(frame), sorted(frame.columns)[0], set(frame.CONTAINERID) <= set(keys))
    frames = connection.fetch_df_batches(sql(keys[:50]), binds(keys[:50]), size=100)
    print("arrow", sum(one.num_rows() for one in frames) > 0)
    cursor = connection.cursor()
    cursor.execute("UPDATE dw_mes_container SET qty = qty WHERE containerid = :k", k=keys[0])
    print("changed", cursor.rowcount)
    connection.rollback()
    try:
        cursor.execute("SELECT * FROM gone")
    except oracledb.DatabaseError as error:
        print(error.args[0].full_code)

engine = create_engine("oracle+oracledb://app:unused@", connect_args={"dsn": DSN})
with engine.connect() as connection:
    found = text("SELECT containerid, materialpartname FROM dw_mes_lotmaterialshistory "
                 "WHERE containerid IN (:a, :b)")
    print("sqlalchemy", len(connection.execute(found, {"a": keys[0], "b": keys[1]}).all()) > 0)
engine.dispose()

with closing(oracledb.create_pool(**LOGIN, min=1, max=3)) as pool:
    def count(batch):
        with pool.acquire() as connection, connection.cursor() as cursor:
            return len(cursor.execute(sql(batch), binds(batch)).fetchall())

    with ThreadPoolExecutor(3) as executor:
        print("pool", sum(executor.map(count, [keys[i:i + 100] for i in range(300, 600, 100)])))


async def read():
    async with oracledb.connect_async(**LOGIN) as connection:
        with connection.cursor() as cursor:
            await cursor.execute(
                "SELECT * FROM dw_mes_container WHERE containerid IN (:1, :2)", keys[:2]
            )
            return len(await cursor.fetchall())


print("async", asyncio.run(read()))
'''
CELLS = [
    "import oracledb\nimport pandas as pd\nfrom pathlib import Path\n"
    "keys = Path('keys.txt').read_text().split()[:200]",
    "connection = oracledb.connect(user='app', password='unused', dsn='prod.example.com/BANK')",
    "sql = 'SELECT * FROM dw_mes_lotwiphistory WHERE containerid IN (' + "
    "', '.join(f':{i}' for i in range(len(keys))) + ')'\n"
    "frame = pd.read_sql(sql, connection, params=keys)\n"
    "Path('seen.txt').write_text(f'{len(frame)} {frame.CONTAINERID.nunique() > 190}')",
]


@pytest.fixture(scope="module")
def real() -> Iterator[LocalOracle]:
    with LocalOracle("trace-smoke") as local:
        yield local


@pytest.fixture
def folder(tmp_path: Path, real: LocalOracle) -> Path:
    (tmp_path / "keys.txt").write_text("\n".join(real.keys(600)))
    return tmp_path


def tracekit(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TRACEKIT, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
        check=False,
    )


def login(real: LocalOracle) -> dict[str, str]:
    return {"DB_USER": real.user, "DB_PASSWORD": real.password}


def record(folder: Path, real: LocalOracle, *program: str) -> subprocess.CompletedProcess[str]:
    command = ["shape", "record", "-q", "--dsn", real.dsn, "-o", "s.json", "--", *program]
    return tracekit(folder, *command, environment=login(real))


def test_a_script_is_recorded_and_replayed_unmodified(folder: Path, real: LocalOracle) -> None:
    (folder / "job.py").write_text(JOB)
    recorded = record(folder, real, sys.executable, "-W", "ignore", "job.py")
    assert recorded.returncode == 0, recorded.stderr
    shape = read_shape(folder / "s.json")
    assert {query.key for query in shape.queries if "DUAL" not in query.statement} == {
        ("CONTAINERID",)
    }
    text = (folder / "s.json").read_text()
    assert real.password not in text
    assert not [key for key in (folder / "keys.txt").read_text().split() if key in text]
    replayed = tracekit(
        folder, "run", "-q", "--shape", "s.json", "--", sys.executable, "-W", "ignore", "job.py"
    )
    assert replayed.returncode == 0, replayed.stderr
    lines = recorded.stdout.splitlines()
    assert lines[-1] == "s.json"
    assert _words(replayed.stdout) == _words("\n".join(lines[:-1]))
    for recorded_rows, made_rows in zip(_rows(recorded), _rows(replayed), strict=True):
        assert made_rows == pytest.approx(recorded_rows, rel=0.15)


def _words(output: str) -> list[str]:
    return [re.sub(r"\b\d{3,}\b", "N", line) for line in output.splitlines()]


def _rows(done: subprocess.CompletedProcess[str]) -> list[int]:
    return [int(one) for one in re.findall(r"\b\d{3,}\b", done.stdout)]


@pytest.mark.slow
def test_a_notebook_is_recorded_and_replayed(folder: Path, real: LocalOracle) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    nbformat.write(notebook, folder / "analysis.ipynb")
    recorded = record(folder, real, "analysis.ipynb")
    assert recorded.returncode == 0, recorded.stderr
    seen = (folder / "seen.txt").read_text()
    assert int(seen.split()[0]) > 1000
    (folder / "seen.txt").unlink()
    replayed = tracekit(folder, "notebook", "-q", "analysis.ipynb", "--shape", "s.json")
    assert replayed.returncode == 0, replayed.stderr
    assert (folder / "seen.txt").read_text() == seen


def test_a_program_that_fails_leaves_its_shape(folder: Path, real: LocalOracle) -> None:
    (folder / "job.py").write_text(
        "import oracledb\n"
        "connection = oracledb.connect(user='a', password='b', dsn='prod.example.com/BANK')\n"
        "print(connection.cursor().execute('SELECT qty FROM dw_mes_container').fetchone())\n"
        "raise SystemExit(3)\n"
    )
    recorded = record(folder, real, sys.executable, "job.py")
    assert recorded.returncode == 1
    assert "exit code 3" in recorded.stderr
    assert read_shape(folder / "s.json").queries[0].partial


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--", sys.executable, "-c", "pass"], "Name it with --dsn"),
        (["--dsn", "127.0.0.1:1/X", "--"], "no program was given"),
        (["--dsn", "127.0.0.1:1/X", "--keys", "5", "--", "x"], "--keys cannot be used"),
        (["--dsn", "127.0.0.1:1/X", "--", sys.executable, "-c", "pass"], "127.0.0.1:1/X"),
    ],
)
def test_what_cannot_be_recorded_is_an_error(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = tracekit(
        tmp_path,
        *["shape", "record", "-o", "s.json", *arguments],
        environment={"DB_USER": "u", "DB_PASSWORD": "p"},
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_asks_for_nothing_has_no_shape(tmp_path: Path, real: LocalOracle) -> None:
    done = record(tmp_path, real, sys.executable, "-c", "pass")
    assert done.returncode == 2
    assert "without sending a statement" in done.stderr
    assert not (tmp_path / "s.json").exists()


def test_an_interrupt_leaves_nothing_running(folder: Path, real: LocalOracle) -> None:
    (folder / "job.py").write_text(
        "import oracledb, pathlib, time\n"
        "oracledb.connect(user='a', password='b', dsn='prod.example.com/BANK').ping()\n"
        "pathlib.Path('ready').touch()\n"
        "time.sleep(100)\n"
    )
    command = ["shape", "record", "-q", "--dsn", real.dsn, "-o", "s.json"]
    with subprocess.Popen(
        [*TRACEKIT, *command, "--", sys.executable, "job.py"],
        cwd=folder,
        env=os.environ | login(real),
        stderr=subprocess.PIPE,
    ) as process:
        _until(lambda: (folder / "ready").exists() or process.poll() is not None)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2, process.stderr and process.stderr.read()
        for child in children:
            assert real.password not in " ".join(child.cmdline())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0
    _until(lambda: not [one for one in children if one.is_running()])
    assert not (folder / "s.json").exists()


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def canned_shape() -> Shape:
    """Recorded on a database that runs what DuckDB never could."""
    recording = Recording()
    with Server(ServerOptions("scott", "tiger"), CannedBackend()) as upstream:
        arguments = {"user": "scott", "password": "tiger", "dsn": upstream.dsn}
        backend = RelayBackend(arguments, recording)
        with Server(ServerOptions("scott", "tiger"), backend) as server:
            dsn = server.dsn
            with closing(oracledb.connect(user="scott", password="tiger", dsn=dsn)) as connection:
                cursor = connection.cursor()
                cursor.execute(MODEL, [2500])
                assert cursor.fetchall() == expected_rows(2500)
                cursor.execute("insert into x values (:1, :2)", [1, 2])
                for _ in range(2):
                    with pytest.raises(oracledb.DatabaseError):
                        cursor.execute("insert bad :1", ["bad"])
        backend.close()
    return recording.shape()


MODEL = (
    "select /*+ MATERIALIZE */ * from table(pkg.rows(:n)) model partition by (id) "
    "dimension by (qty) measures (name) rules upsert (name[any] = 'it''s') "
)


@pytest.fixture(scope="module")
def replayed(canned_shape: Shape) -> Iterator[LocalOracle]:
    with LocalOracle(shape_workload(canned_shape, "canned")) as local:
        yield local


@pytest.fixture
def connection(replayed: LocalOracle) -> Iterator[oracledb.Connection]:
    with closing(
        oracledb.connect(user=replayed.user, password=replayed.password, dsn=replayed.dsn)
    ) as connection:
        yield connection


def test_a_statement_that_duckdb_cannot_run_is_answered(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(MODEL.upper().replace("IT''S", "it''s").replace("  ", " "), [1])
    rows = cursor.fetchall()
    assert len(rows) == 2500
    assert [column.name for column in cursor.description] == ["ID", "NAME", "QTY", "AT"]
    assert [column.type_code.name for column in cursor.description] == [
        "DB_TYPE_NUMBER",
        "DB_TYPE_VARCHAR",
        "DB_TYPE_NUMBER",
        "DB_TYPE_DATE",
    ]
    assert (cursor.description[2].precision, cursor.description[2].scale) == (12, 2)


def test_a_statement_that_was_not_recorded_names_the_nearest(
    connection: oracledb.Connection,
) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-20942") as info:
        connection.cursor().execute(MODEL.replace("it''s", "other"), [1])
    assert "TABLE (PKG.ROWS (:BIND)) MODEL" in str(info.value)
    assert "it" not in str(info.value).partition("nearest that is: ")[2].split("RULES")[-1]
    cursor = connection.cursor()  # and the connection lives
    assert cursor.execute("SELECT 1 FROM dual").fetchall() == [(1,)]


def test_changes_and_errors_are_replayed(connection: oracledb.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("INSERT INTO x VALUES (:a, :b)", [5, 6])
    assert cursor.rowcount == 2
    assert connection.transaction_in_progress
    connection.commit()
    assert not connection.transaction_in_progress
    with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
        cursor.execute("insert bad :1", ["bad"])


def test_keys_of_the_program_stand_for_made_ones(real: LocalOracle) -> None:
    keys = real.keys(60)
    sql = HISTORY.format(", ".join(f":{i}" for i in range(20)))
    seen: list[set[Any]] = []

    def read(place: Any, batch: list[Any]) -> list[Any]:
        with closing(
            oracledb.connect(user=place.user, password=place.password, dsn=place.dsn)
        ) as connection:
            return connection.cursor().execute(sql, batch).fetchall()

    with Relay(real.database) as relay:
        recorded = sum(len(read(relay, keys[i : i + 20])) for i in range(0, 60, 20))
        shape = relay.shape()
    with LocalOracle(shape_workload(shape, "history")) as made:
        rows = [read(made, keys[i : i + 20]) for i in range(0, 60, 20)]
        assert sum(map(len, rows)) == recorded
        for batch, some in zip(range(0, 60, 20), rows, strict=True):
            seen.append({row[0] for row in some})
            assert seen[-1] <= set(keys[batch : batch + 20])
        assert read(made, keys[:20]) == rows[0]
        own = made.keys(20)
        assert {row[0] for row in read(made, own)} <= set(own)
        with pytest.raises(oracledb.DatabaseError, match="more keys than the 60"):
            read(made, [f"strange-{i}" for i in range(20)])


def test_reading_past_what_was_recorded_is_refused(real: LocalOracle) -> None:
    sql = "SELECT containerid FROM dw_mes_lotwiphistory"
    with Relay(real.database) as relay:
        with closing(
            oracledb.connect(user=relay.user, password=relay.password, dsn=relay.dsn)
        ) as connection:
            assert len(connection.cursor().execute(sql).fetchmany(3)) == 3
        shape = relay.shape()
    with (
        LocalOracle(shape_workload(shape, "part")) as made,
        closing(oracledb.connect(user=made.user, password=made.password, dsn=made.dsn)) as again,
    ):
        cursor = again.cursor()
        assert len(cursor.execute(sql).fetchmany(3)) == 3
        with pytest.raises(oracledb.DatabaseError, match="not read to its end"):
            cursor.fetchall()
