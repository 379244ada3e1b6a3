"""What each domain query returns, worked out again in plain Python from the base tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from tracekit import workloads
from tracekit.localdb.translate import install, translate
from tracekit.localdb.wire.values import decode_number
from tracekit.trace import DOMAINS, domain_query

Row = dict[str, Any]
SYSDATE = workloads.load("trace-tiny").sysdate
CIDS = 120

COLUMNS = {
    "history": "CONTAINERID WORKCENTERNAME EQUIPMENTID EQUIPMENTNAME SPECNAME TRACKINTIMESTAMP"
    " TRACKOUTTIMESTAMP TRACKINQTY TRACKOUTQTY FINISHEDRUNCARD PJ_WORKORDER CONTAINERNAME PJ_TYPE"
    " PJ_BOP WAFER_LOT_ID",
    "upstream_history": "CONTAINERID WORKCENTERNAME WORKCENTER_GROUP EQUIPMENTID EQUIPMENTNAME"
    " SPECNAME TRACKINTIMESTAMP TRACKINQTY",
    "materials": "CONTAINERID CONTAINERNAME MATERIALPARTNAME MATERIALLOTNAME QTYCONSUMED"
    " WORKCENTERNAME SPECNAME EQUIPMENTNAME TXNDATE",
    "rejects": "CONTAINERID CONTAINERNAME WORKCENTERNAME WORKCENTER_GROUP"
    " WORKCENTERSEQUENCE_GROUP PRODUCTLINENAME PJ_FUNCTION PJ_TYPE PRODUCTNAME SPECNAME"
    " LOSSREASONNAME EQUIPMENTNAME REJECTCOMMENT REJECT_QTY STANDBY_QTY QTYTOPROCESS_QTY"
    " INPROCESS_QTY PROCESSED_QTY REJECT_TOTAL_QTY DEFECT_QTY TXN_TIME TXNDATE TXN_DAY",
    "downstream_rejects": "CONTAINERID WORKCENTERNAME WORKCENTER_GROUP LOSSREASONNAME"
    " EQUIPMENTNAME REJECT_TOTAL_QTY TXNDATE",
    "holds": "CONTAINERID CONTAINERNAME WORKCENTERNAME HOLDTXNDATE HOLDEMP HOLDEMPDEPTNAME"
    " HOLDREASONNAME HOLDCOMMENTS RELEASETXNDATE RELEASEEMP RELEASECOMMENTS NCRID HOLD_STATUS"
    " HOLD_HOURS",
    "jobs": "JOBID RESOURCEID RESOURCENAME JOBSTATUS JOBMODELNAME JOBORDERNAME CREATEDATE"
    " COMPLETEDATE CAUSECODENAME REPAIRCODENAME SYMPTOMCODENAME CONTAINERIDS CONTAINERNAMES"
    " CONTAINERID",
}

GROUPS = {
    "切割_SAW": "切割",
    "切割_研磨": "切割",
    "焊接_DB": "焊接_DB",
    "焊接_DB_Clip": "焊接_DB",
    "焊_DB_料": "焊接_DB",
    "焊接_WB": "焊接_WB",
    "焊接_WB_粗線": "焊接_WB",
    "焊接_DW": "焊接_DW",
    "成型_Mold": "成型",
    "mold_試產": "成型",
    "成型_烘烤": "成型",
    "去膠_Deflash": "去膠",
    "水吹砂": "水吹砂",
    "電鍍_Plating": "電鍍",
    "Plating_外包": "電鍍",
    "移印_Marking": "移印",
    "切彎腳_TF": "切彎腳",
    "切彎腳_外觀": "切彎腳",
    "TMTT_測試": "測試",
    "Tmtt_編帶": "測試",
    "測試_高溫": "測試",
    "品檢_FQC": None,
    "重工_Rework": None,
    "倉庫_入庫": None,
}
"""WORKCENTER_GROUP of every workcenter the workloads have."""


class Tables:
    """The base tables of a small workload, and the queries run against them."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, wanted: list[str] | None = None
    ) -> None:
        self.connection = connection
        lots = self.rows("CONTAINER")
        self.wanted = wanted or [row["CONTAINERID"] for row in lots][::2]
        self.lots = defaultdict(
            lambda: dict.fromkeys(lots[0]), {row["CONTAINERID"]: row for row in lots}
        )

    def rows(self, table: str) -> list[Row]:
        return dicts(self.connection.execute(f"SELECT * FROM DWH.DW_MES_{table}"))

    def wanted_rows(self, table: str) -> list[Row]:
        wanted = set(self.wanted)
        return [row for row in self.rows(table) if row["CONTAINERID"] in wanted]

    def asked(self, domain: str) -> list[Row]:
        sql, binds = domain_query(domain).statement(self.wanted)
        return dicts(run(self.connection, sql, binds))


def dicts(result: duckdb.DuckDBPyConnection) -> list[Row]:
    described = result.description or ()
    return [
        {
            column[0]: plain(value, str(column[1]))
            for column, value in zip(described, row, strict=True)
        }
        for row in result.fetchall()
    ]


def plain(value: Any, kind: str) -> Any:
    """A NUMBER that DuckDB holds as bits is its number."""
    if kind != "BIT" or value is None:
        return value
    return decode_number(int(value, 2).to_bytes(len(value) // 8, "big"))


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, binds: dict[str, str]
) -> duckdb.DuckDBPyConnection:
    """`sql` as the local Oracle runs it."""
    translated = translate(sql)
    values = [binds[name.lower()] for name in translated.bind_names]
    parameters: dict[str, Any] = {}
    for parameter in translated.parameters:
        chosen = [values[index] for index in parameter.bind_indexes]
        parameters[parameter.name] = chosen if parameter.is_list else chosen[0]
    return connection.execute(translated.duckdb_sql, parameters)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    workload = workloads.load("trace-tiny", keys=CIDS)
    path = workloads.build(workload, tmp_path_factory.mktemp("meaning"))
    with duckdb.connect(str(path)) as connection:
        install(connection, sysdate=SYSDATE)
        connection.execute("SET search_path = 'DWH,main'")  # where names without a schema are
        everything = Tables(connection)
        # Its events are kept, with NULLs for what the container table would say.
        events = ("LOTWIPHISTORY", "LOTMATERIALSHISTORY", "LOTREJECTHISTORY", "HOLDRELEASEHISTORY")
        lost = min(
            set.intersection(
                *({row["CONTAINERID"] for row in everything.wanted_rows(event)} for event in events)
            )
        )
        connection.execute("DELETE FROM DWH.DW_MES_CONTAINER WHERE CONTAINERID = ?", [lost])
        yield Tables(connection, everything.wanted)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_query_returns_what_the_design_says(tables: Tables, domain: str) -> None:
    expected = EXPECTED[domain](tables)
    found = tables.asked(domain)

    assert len(found) == len(expected) > 0
    assert [list(row) for row in found[:1]] == [COLUMNS[domain].split()]
    for row, wanted in zip(found, expected, strict=True):
        assert comparable(row) == comparable(wanted)


def comparable(row: Row) -> Row:
    return {name: hours(value) if name == "HOLD_HOURS" else value for name, value in row.items()}


def hours(value: Any) -> float:
    return round(float(value), 2)


def latest(rows: list[Row], *partition: str) -> list[Row]:
    """Per partition the row of the latest track-in, then track-out; an open one comes last."""
    best: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in partition)
        if key not in best or rank(row) > rank(best[key]):
            best[key] = row
    return list(best.values())


def rank(row: Row) -> tuple[datetime, datetime]:
    return row["TRACKINTIMESTAMP"], row["TRACKOUTTIMESTAMP"] or datetime.min


def pick(row: Row, names: str) -> Row:
    return {name: row[name] for name in names.split()}


def expected_history(tables: Tables) -> list[Row]:
    rows = [row for row in tables.wanted_rows("LOTWIPHISTORY") if row["EQUIPMENTID"] is not None]
    kept = latest(rows, "CONTAINERID", "EQUIPMENTID", "SPECNAME", "TRACKINTIMESTAMP")
    assert len(kept) < len(rows)
    result = []
    for row in sorted(kept, key=lambda row: row["TRACKINTIMESTAMP"]):
        lot = tables.lots[row["CONTAINERID"]]
        full = {**lot, **row, "WAFER_LOT_ID": lot["FIRSTNAME"]}
        result.append(pick(full, COLUMNS["history"]))
    return result


def expected_upstream(tables: Tables) -> list[Row]:
    rows = [row for row in tables.wanted_rows("LOTWIPHISTORY") if row["EQUIPMENTID"] is not None]
    kept = latest(rows, "CONTAINERID", "WORKCENTERNAME", "EQUIPMENTNAME")
    kept.sort(key=lambda row: (row["CONTAINERID"], row["TRACKINTIMESTAMP"]))
    return [
        pick(
            {**row, "WORKCENTER_GROUP": GROUPS[row["WORKCENTERNAME"]]}, COLUMNS["upstream_history"]
        )
        for row in kept
    ]


def expected_materials(tables: Tables) -> list[Row]:
    rows = sorted(tables.wanted_rows("LOTMATERIALSHISTORY"), key=lambda row: row["TXNDATE"])
    return [pick({**tables.lots[row["CONTAINERID"]], **row}, COLUMNS["materials"]) for row in rows]


QUANTITIES = {
    "REJECT_QTY": "REJECTQTY",
    "STANDBY_QTY": "STANDBYQTY",
    "QTYTOPROCESS_QTY": "QTYTOPROCESS",
    "INPROCESS_QTY": "INPROCESSQTY",
    "PROCESSED_QTY": "PROCESSEDQTY",
}


def expected_rejects(tables: Tables) -> list[Row]:
    first: dict[str, Row] = {}
    for place in sorted(
        tables.rows("SPEC_WORKCENTER_V"), key=lambda v: v["WORKCENTERSEQUENCE_GROUP"]
    ):
        first.setdefault(place["SPEC"], place)
    result = []
    for row in sorted(tables.wanted_rows("LOTREJECTHISTORY"), key=lambda row: row["TXNDATE"]):
        lot = tables.lots[row["CONTAINERID"]]
        group = first.get(row["SPECNAME"])
        full = {**lot, **row}
        for name in ("PRODUCTLINENAME", "PJ_FUNCTION", "PJ_TYPE", "PRODUCTNAME"):
            full[name] = (lot[name] or "(NA)").strip(" ")
        full["SPECNAME"] = row["SPECNAME"] or "(NA)"
        full["EQUIPMENTNAME"] = row["EQUIPMENTNAME"] or "(NA)"
        full["LOSSREASONNAME"] = row["LOSSREASONNAME"] or "(未填寫)"
        full["WORKCENTER_GROUP"] = group["WORK_CENTER_GROUP"] if group else "(NA)"
        full["WORKCENTERSEQUENCE_GROUP"] = group["WORKCENTERSEQUENCE_GROUP"] if group else "999"
        full.update({name: row[source] or 0 for name, source in QUANTITIES.items()})
        full["REJECT_TOTAL_QTY"] = sum(full[name] for name in QUANTITIES)
        full["REJECTCOMMENT"] = row["REJECTCOMMENT"] and row["REJECTCOMMENT"].strip(" ")
        full["DEFECT_QTY"] = row["DEFECTQTY"] or 0
        full["TXN_TIME"] = row["TXNDATE"]
        full["TXN_DAY"] = row["TXNDATE"].replace(hour=0, minute=0, second=0)
        result.append(pick(full, COLUMNS["rejects"]))
    return result


def expected_downstream(tables: Tables) -> list[Row]:
    rows = tables.wanted_rows("LOTREJECTHISTORY")
    rows.sort(key=lambda row: (row["CONTAINERID"], row["TXNDATE"]))
    return [
        pick(
            {
                **row,
                "WORKCENTER_GROUP": GROUPS[row["WORKCENTERNAME"]],
                "LOSSREASONNAME": row["LOSSREASONNAME"] or "(未填寫)",
                "EQUIPMENTNAME": row["EQUIPMENTNAME"] or "(NA)",
                "REJECT_TOTAL_QTY": sum(
                    row[source] or 0 for source in (*QUANTITIES.values(), "DEFECTQTY")
                ),
            },
            COLUMNS["downstream_rejects"],
        )
        for row in rows
    ]


def expected_holds(tables: Tables) -> list[Row]:
    rows = sorted(
        tables.wanted_rows("HOLDRELEASEHISTORY"), key=lambda row: row["HOLDTXNDATE"], reverse=True
    )
    assert {row["RELEASETXNDATE"] is None for row in rows} == {True, False}
    result = []
    for row in rows:
        held = (row["RELEASETXNDATE"] or SYSDATE) - row["HOLDTXNDATE"]
        hundredths = Fraction(int(held.total_seconds()), 36)
        full = {
            **tables.lots[row["CONTAINERID"]],
            **row,
            "HOLD_STATUS": "RELEASED" if row["RELEASETXNDATE"] else "HOLD",
            "HOLD_HOURS": int(hundredths + Fraction(1, 2)) / 100,
        }
        result.append(pick(full, COLUMNS["holds"]))
    return result


def expected_jobs(tables: Tables) -> list[Row]:
    jobs = sorted(tables.rows("JOB"), key=lambda row: row["CREATEDATE"], reverse=True)
    rows = [
        {**row, "CONTAINERID": cid}
        for row in jobs
        for cid in sorted(set(row["CONTAINERIDS"].split(",")) & set(tables.wanted))
    ]
    assert 0 < len({row["JOBID"] for row in rows}) < min(len(jobs), len(rows))
    return rows


EXPECTED: dict[str, Callable[[Tables], list[Row]]] = {
    "history": expected_history,
    "upstream_history": expected_upstream,
    "materials": expected_materials,
    "rejects": expected_rejects,
    "downstream_rejects": expected_downstream,
    "holds": expected_holds,
    "jobs": expected_jobs,
}
