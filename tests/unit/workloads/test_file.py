from __future__ import annotations

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
    assert (file.name, file.seed, file.cids) == ("trace-tiny", 50, 50)
    assert (file.fingerprint, file.sysdate) == (workload.fingerprint, workload.sysdate)
    assert file.domains == workload.domains


def test_a_file_made_elsewhere_is_described_by_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE "odd ""name" AS SELECT 1 AS n FROM range(3)')

    file = workloads.describe_file(path)

    assert file == workloads.WorkloadFile(path, path.stat().st_size)
    assert workloads.table_rows(path) == {'main.odd "name': 3}
    with pytest.raises(WorkloadError, match=r"other\.duckdb .*DW_MES_CONTAINER"):
        workloads.container_ids(path)


def test_a_definition_of_another_version_does_not_hide_the_rest(
    tmp_path: Path, tiny_path: Path
) -> None:
    path = tmp_path / "later.duckdb"
    path.write_bytes(tiny_path.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE TRACEKIT_META.WORKLOAD SET DEFINITION = '{\"new\": 1}'")

    file = workloads.describe_file(path)

    assert file.domains is None
    assert file.cids == 50


def test_container_ids_are_the_first_in_their_order(tiny_path: Path) -> None:
    everything = workloads.container_ids(tiny_path)

    assert len(everything) == 50
    assert everything == sorted(everything)
    assert workloads.container_ids(tiny_path, 7) == everything[:7]
    assert workloads.container_ids(tiny_path, 0) == []


@pytest.mark.parametrize("content", [None, b"no database at all"])
def test_what_is_no_duckdb_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.duckdb"
    if content is not None:
        path.write_bytes(content)

    for read in (workloads.describe_file, workloads.container_ids, workloads.table_rows):
        with pytest.raises(WorkloadError, match=r"broken\.duckdb"):
            read(path)
