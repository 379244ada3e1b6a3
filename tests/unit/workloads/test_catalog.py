from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from tracekit.errors import WorkloadError
from tracekit.workloads import known_workloads, load
from tracekit.workloads.definition import Definition, QueryTable

BANK = """
[PREFIX.payments]
description = "all of it"
database = "data/bank.duckdb"
queries.transactions.sql = "sql/transactions.sql"
queries.transactions.key = "ACCOUNT_ID"
queries.transactions.binds = { since = 2026-01-01 }
queries.balances = "SELECT * FROM balances"
query = "transactions"
keys = "SELECT account_id FROM accounts ORDER BY 1"
candidates = { old = "bank.jobs:load_frames", lean = "lean" }
reference = "old"

[PREFIX.some]
extends = "payments"
description = "some of it"
keys = "@ids.txt"
queries.transactions = { keys_per_statement = 500 }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/transactions.sql").write_text("SELECT * FROM t WHERE d > :since")
    return tmp_path


def define(file: Path, prefix: str, text: str = BANK) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("PREFIX", prefix), encoding="utf-8")
    return file


def test_the_shipped_workloads_load_from_anywhere(project: Path) -> None:
    sizes = {workload.name: workload.size for workload in known_workloads()}
    assert sizes == {"trace-114k": 114_000, "trace-smoke": 2_000, "trace-tiny": 50}
    assert load("trace-114k", keys=70).size == 70
    assert list(load("trace-smoke").queries) == list(load("trace-114k").queries)


@pytest.mark.parametrize(
    ("file", "prefix"),
    [
        ("pyproject.toml", "tool.tracekit.workloads"),
        ("tracekit.toml", "workloads"),
        ("profiles/workloads/bank.toml", "workloads"),
    ],
)
def test_a_projects_own_workloads_load_by_name(project: Path, file: str, prefix: str) -> None:
    text = BANK.replace("sql/", "../../sql/") if "profiles" in file else BANK
    folder = define(project / file, prefix, text).parent

    payments, some = load("payments"), load("some")

    assert payments.database == folder / "data/bank.duckdb"
    assert payments.queries["transactions"].sql == "SELECT * FROM t WHERE d > :since"
    assert payments.queries["transactions"].key == ("ACCOUNT_ID",)
    assert payments.queries["transactions"].binds == {"since": date(2026, 1, 1)}
    assert (payments.queries["balances"].key, payments.query) == ((), "transactions")
    assert payments.candidates == ("old=bank.jobs:load_frames", "lean")
    assert (payments.reference, payments.fingerprint) == ("old", None)
    assert (some.description, some.keys) == ("some of it", f"@{folder / 'ids.txt'}")
    assert some.queries["transactions"].keys_per_statement == 500
    assert some.queries["transactions"].key == ("ACCOUNT_ID",)
    assert {"payments", "trace-smoke"} < {workload.name for workload in known_workloads()}


def test_the_nearest_definition_wins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = '[workloads.trace-tiny]\ndatabase = "mine.duckdb"\n'
    define(project / "tracekit.toml", "", mine)
    below = project / "a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load("trace-tiny").database == project / "mine.duckdb"


def test_a_definition_loads_by_path(project: Path) -> None:
    path = define(project / "one.toml", "", '[workloads.x]\ndatabase = "x.duckdb"\n')
    assert load(path) == load(str(path))
    with pytest.raises(WorkloadError, match=r"defines 2 workloads \(payments, some\)"):
        load(define(project / "two.toml", "workloads"))


def test_an_unknown_name_gets_the_known_ones_and_a_guess() -> None:
    with pytest.raises(WorkloadError, match=r"'trace-smok'.*trace-114k.*mean 'trace-smoke'"):
        load("trace-smok")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("databse = 'x'", "unknown field `databse`"),
        ("database = 'x'\ndsn = 'h/s'", "both database and dsn"),
        ("size = 5", "a size or parameters, but neither a generator nor a shape"),
        ("generator = 'm:f'", "a generator, but no size"),
        ("size = 0\ngenerator = 'm:f'", r"`\$.size`"),
        ("extends = 'y'", "extends the unknown 'y'"),
        ("extends = 'x'", "extends itself"),
        ("queries.q = { sql = 'gone.sql' }", "query 'q' could not be read"),
        ("queries.q = { key = 'K' }", "required field `sql`"),
        ("queries.q = 'SELECT 1'\nquery = 'p'", "unknown query 'p'; expected one of q"),
        ("sysdate = 2026-01-01T00:00:00Z", "sysdate"),
    ],
)
def test_a_fault_names_file_and_workload(project: Path, table: str, message: str) -> None:
    define(project / "tracekit.toml", "", f"[workloads.x]\n{table}\n")
    with pytest.raises(WorkloadError, match=message) as caught:
        load("x")
    assert "tracekit.toml" in str(caught.value) and "'x'" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(project: Path) -> None:
    with pytest.raises(WorkloadError, match=r"the workload definition .*gone\.toml does not exist"):
        load(project / "gone.toml")
    (project / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkloadError, match=r"binary\.toml could not be read"):
        load(project / "binary.toml")
    (project / "broken.toml").write_text("[workloads")
    with pytest.raises(WorkloadError, match=r"broken\.toml is not valid TOML"):
        load(project / "broken.toml")


def test_only_a_generated_workload_can_be_sized(project: Path) -> None:
    define(project / "tracekit.toml", "", '[workloads.x]\ndatabase = "x.duckdb"\n')
    with pytest.raises(WorkloadError, match="'x' is not generated"):
        load("x", keys=5)
    with pytest.raises(WorkloadError, match="expected 1 to"):
        load("trace-tiny", keys=0)
    broken = "[workloads.x]\ngenerator = 'no.such:thing'\nsize = 3\n"
    define(project / "tracekit.toml", "", broken)
    with pytest.raises(WorkloadError, match=r"generator 'no\.such:thing' cannot be loaded"):
        load("x").fingerprint  # noqa: B018 (it is computed)


def test_the_documentation_lists_every_field():
    page = (Path(__file__).parents[3] / "docs/workloads.md").read_text(encoding="utf-8")
    definition, query = page.split("## A query")
    for table, text in ((Definition, definition), (QueryTable, query)):
        documented = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        assert documented == set(table.__struct_fields__)


def test_the_example_of_the_documentation_is_a_definition(tmp_path, monkeypatch):
    page = (Path(__file__).parents[3] / "docs/workloads.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/lines.sql").write_text("SELECT * FROM lines WHERE status = :status")
    (tmp_path / "tracekit.toml").write_text(example)
    monkeypatch.chdir(tmp_path)
    found = load("orders")
    assert found.queries["lines"].key == ("REGION", "CUSTOMER_ID")
    assert found.queries["lines"].binds["since"] == datetime(2026, 1, 1)
    assert load("orders-of-one-region").queries == found.queries
