from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracekit import workloads
from tracekit.trace.generate import build

Query = Callable[[str], list[tuple[Any, ...]]]

TABLES = {
    "DW_MES_CONTAINER": "CONTAINERID",
    "DW_MES_LOTWIPHISTORY": "CONTAINERID",
    "DW_MES_LOTMATERIALSHISTORY": "CONTAINERID",
    "DW_MES_LOTREJECTHISTORY": "CONTAINERID",
    "DW_MES_HOLDRELEASEHISTORY": "CONTAINERID",
    "DW_MES_JOB": "JOBID",
    "DW_MES_SPEC_WORKCENTER_V": "1",
}


def rows_digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Of the rows as Python sees them: free of DuckDB's own hash and ways to print."""
    rows = connection.execute(f"SELECT * FROM DWH.{table}").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def quick_digest(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    [(digest,)] = connection.execute(
        f"SELECT bit_xor(hash(stored.rowid, stored)) FROM DWH.{table} AS stored"
    ).fetchall()
    return int(digest)


def generated(
    name: str,
    digest: Callable[[duckdb.DuckDBPyConnection, str], object] = rows_digest,
    *,
    cids: int | None = None,
    threads: int = 2,
) -> dict[str, object]:
    """Table to the digest of its rows in stored order."""
    with duckdb.connect(config={"threads": threads}) as connection:
        build(connection, workloads.load(name, keys=cids), lambda step, done: None)
        return {table: digest(connection, table) for table in TABLES}


def test_the_same_rows_come_out_on_every_machine() -> None:
    """Raise VERSION whenever a change to the generator changes these."""
    assert generated("trace-tiny") == GOLDEN


def test_thread_count_changes_nothing() -> None:
    # More CIDs than a row group's rows, so that several threads have work.
    one, four = (
        generated("trace-smoke", quick_digest, cids=20_000, threads=threads) for threads in (1, 4)
    )
    assert one == four


def test_another_seed_gives_other_rows() -> None:
    ours, theirs = generated("trace-tiny"), generated("trace-smoke", cids=50)

    assert all(ours[table] != theirs[table] for table in TABLES if "SPEC" not in table)


@pytest.mark.parametrize(("table", "key"), [item for item in TABLES.items() if item[1] != "1"])
def test_tables_are_stored_in_the_order_of_their_ids(smoke: Query, table: str, key: str) -> None:
    ids = [value for (value,) in smoke(f"SELECT {key} FROM DWH.{table}")]

    assert ids
    assert ids == sorted(ids)


def test_the_container_table_holds_exactly_the_cids(smoke: Query) -> None:
    cids = [cid for (cid,) in smoke("SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER")]
    assert len(cids) == len(set(cids)) == 2_000
    assert {len(cid) for cid in cids} == {16}
    [(names,)] = smoke("SELECT count(DISTINCT CONTAINERNAME) FROM DWH.DW_MES_CONTAINER")
    assert names == 2_000

    for table, key in TABLES.items():
        if key == "CONTAINERID":
            strangers = smoke(
                f"SELECT count(*) FROM DWH.{table} WHERE CONTAINERID NOT IN"
                " (SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER)"
            )
            assert strangers == [(0,)]


def test_cid_order_says_nothing_about_time(smoke: Query) -> None:
    [(correlation,)] = smoke(
        "SELECT corr(position, epoch(ORIGINALSTARTDATE)) FROM"
        " (SELECT *, row_number() OVER (ORDER BY CONTAINERID) AS position"
        " FROM DWH.DW_MES_CONTAINER)"
    )
    assert abs(correlation) < 0.1


def test_history_has_the_incidents_shape(smoke: Query) -> None:
    counts = [
        n
        for (n,) in smoke(
            "SELECT count(DISTINCT TRACKINTIMESTAMP) FROM DWH.DW_MES_LOTWIPHISTORY"
            " WHERE EQUIPMENTID IS NOT NULL GROUP BY CONTAINERID"
        )
    ]
    assert sum(counts) / 2_000 == pytest.approx(10, abs=0.5)
    assert sorted(counts)[len(counts) // 2] < 10, "the distribution leans to many small lots"
    assert max(counts) > 40
    assert 1_900 < len(counts) < 2_000, "some lots have no history at all"

    [(open_share, bad_pairs, outs)] = smoke(
        "SELECT avg((TRACKOUTTIMESTAMP IS NULL)::INT),"
        " count(*) FILTER ((TRACKOUTTIMESTAMP IS NULL) <> (TRACKOUTQTY IS NULL)),"
        " count(*) FILTER (TRACKOUTTIMESTAMP <= TRACKINTIMESTAMP) FROM DWH.DW_MES_LOTWIPHISTORY"
    )
    assert open_share == pytest.approx(0.09, abs=0.01)
    assert (bad_pairs, outs) == (0, 0)


def test_nothing_happens_after_sysdate(smoke: Query) -> None:
    [latest] = smoke(
        "SELECT (SELECT max(TRACKOUTTIMESTAMP) FROM DWH.DW_MES_LOTWIPHISTORY),"
        " (SELECT max(TXNDATE) FROM DWH.DW_MES_LOTMATERIALSHISTORY),"
        " (SELECT max(TXNDATE) FROM DWH.DW_MES_LOTREJECTHISTORY),"
        " (SELECT max(RELEASETXNDATE) FROM DWH.DW_MES_HOLDRELEASEHISTORY),"
        " (SELECT max(COMPLETEDATE) FROM DWH.DW_MES_JOB)"
    )
    assert all(moment <= workloads.load("trace-smoke").sysdate for moment in latest)


def test_a_job_names_each_lot_once_and_in_step(smoke: Query) -> None:
    lots = smoke("SELECT CONTAINERID, CONTAINERNAME FROM DWH.DW_MES_CONTAINER")
    names = {row[0]: row[1] for row in lots}
    jobs = smoke("SELECT CONTAINERIDS, CONTAINERNAMES FROM DWH.DW_MES_JOB")

    assert len(jobs) == 120
    for ids, labels in jobs:
        cids = ids.split(",")
        assert max(Counter(cids).values()) == 1
        assert [names[cid] for cid in cids] == labels.split(",")
    assert max(len(ids.split(",")) for ids, _ in jobs) > 4


def test_nulls_and_cjk_text_occur_where_the_design_says(smoke: Query) -> None:
    columns = {
        "DW_MES_CONTAINER": ["PJ_TYPE", "FIRSTNAME", "PRODUCTLINENAME", "PJ_FUNCTION"],
        "DW_MES_LOTWIPHISTORY": ["TRACKOUTQTY", "FINISHEDRUNCARD", "EQUIPMENTID"],
        "DW_MES_LOTREJECTHISTORY": ["LOSSREASONNAME", "EQUIPMENTNAME", "REJECTCOMMENT", "SPECNAME"],
        "DW_MES_HOLDRELEASEHISTORY": [
            "HOLDCOMMENTS",
            "RELEASETXNDATE",
            "RELEASEEMP",
            "RELEASECOMMENTS",
            "NCRID",
        ],
        "DW_MES_JOB": ["COMPLETEDATE", "CAUSECODENAME", "REPAIRCODENAME", "SYMPTOMCODENAME"],
    }
    for table, names in columns.items():
        for name in names:
            [(present, rows)] = smoke(f"SELECT count({name}), count(*) FROM DWH.{table}")
            assert 0 < present < rows, f"{table}.{name}"
    for table, name in [
        ("DW_MES_LOTWIPHISTORY", "EQUIPMENTNAME"),
        ("DW_MES_HOLDRELEASEHISTORY", "HOLDREASONNAME"),
        ("DW_MES_LOTREJECTHISTORY", "LOSSREASONNAME"),
        ("DW_MES_LOTMATERIALSHISTORY", "MATERIALPARTNAME"),
    ]:
        [(cjk,)] = smoke(
            f"SELECT bool_and(ord({name}) > 255) FROM DWH.{table}"
            if name != "LOSSREASONNAME"
            else f"SELECT bool_and(strlen({name}) > len({name})) FROM DWH.{table}"
        )
        assert cjk, f"{table}.{name}"


def test_tables_of_no_domain_are_there_and_empty(tmp_path: Path) -> None:
    tiny = workloads.load("trace-tiny")
    one = replace(tiny, parameters={**tiny.parameters, "domains": ["downstream_rejects"]})

    rows = workloads.table_rows(workloads.build(one, tmp_path))

    assert len(rows) == len(TABLES)
    filled = {table for table, count in rows.items() if count}
    assert filled == {
        "DWH.DW_MES_CONTAINER",
        "DWH.DW_MES_LOTREJECTHISTORY",
        "DWH.DW_MES_SPEC_WORKCENTER_V",
    }


@pytest.mark.parametrize("cids", [1, 2, 3])
def test_the_smallest_sizes_build(tmp_path: Path, cids: int) -> None:
    path = workloads.build(workloads.load("trace-tiny", keys=cids), tmp_path)

    assert workloads.table_rows(path)["DWH.DW_MES_CONTAINER"] == cids


GOLDEN = {
    "DW_MES_CONTAINER": "5eb9800e4051bdec",
    "DW_MES_LOTWIPHISTORY": "dcaeb81213b509fd",
    "DW_MES_LOTMATERIALSHISTORY": "20d26f31c06ba22e",
    "DW_MES_LOTREJECTHISTORY": "7bf08a8c0c6ced21",
    "DW_MES_HOLDRELEASEHISTORY": "2e62110587e426ce",
    "DW_MES_JOB": "a21573f2df413fcd",
    "DW_MES_SPEC_WORKCENTER_V": "e75cccf34d5765a7",
}
