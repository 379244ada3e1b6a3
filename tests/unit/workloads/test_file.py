from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from tracekit import workloads
from tracekit.errors import WorkloadError


def test_a_built_file_describes_itself(tiny_path: Path) -> None:
    workload = workloads.load("trace-tiny")

    file = workloads.describe_file(tiny_path)

    assert file.path == tiny_path
    assert file.size_bytes == tiny_path.stat().st_size
    assert (file.name, file.seed, file.size) == ("trace-tiny", 50, 50)
    assert (file.fingerprint, file.sysdate) == (workload.fingerprint, workload.sysdate)
    assert (file.queries, file.query, file.keys) == (
        workload.queries,
        workload.query,
        workload.keys,
    )
    assert (file.candidates, file.reference) == (workload.candidates, workload.reference)


def test_a_file_made_elsewhere_is_described_by_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE "odd ""name" AS SELECT 1 AS n FROM range(3)')

    file = workloads.describe_file(path)

    assert file == workloads.WorkloadFile(path, path.stat().st_size)
    assert workloads.table_rows(path) == {'main.odd "name': 3}
    assert workloads.content_fingerprint(path) == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [None, b"no database at all"])
def test_a_file_that_is_not_a_duckdb_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.duckdb"
    if content is not None:
        path.write_bytes(content)

    for read in (workloads.describe_file, workloads.table_rows):
        with pytest.raises(WorkloadError, match=r"broken\.duckdb"):
            read(path)
