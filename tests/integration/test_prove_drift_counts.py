"""The drift between legacy and iterator, against what the database itself counts."""

from __future__ import annotations

import pytest

from tracekit.experiment.prove import prove
from tracekit.records import Level
from tracekit.testbed import LocalOracle
from tracekit.trace import EventFetcher, LegacyEventFetcher

CIDS = 300
KEPT = """
    SELECT h.*, ROW_NUMBER() OVER (
        PARTITION BY CONTAINERID, EQUIPMENTID, SPECNAME, TRACKINTIMESTAMP
        ORDER BY TRACKOUTTIMESTAMP DESC NULLS LAST) AS PLACE
    FROM DWH.DW_MES_LOTWIPHISTORY h
    WHERE EQUIPMENTID IS NOT NULL AND TRACKINTIMESTAMP IS NOT NULL
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with LocalOracle("trace-smoke", keys=CIDS, cache_dir=tmp_path_factory.mktemp("cache")) as it:
        yield it


def counted(local, condition):
    frame = local.database.read_sql_df(
        f"SELECT COUNT(*) AS N FROM ({KEPT}) WHERE PLACE = 1 AND {condition}"
    )
    return int(frame["N"][0])


def test_the_drift_table_has_the_counts_of_the_database(local):
    ids = local.keys(CIDS)
    legacy = LegacyEventFetcher(local.database).fetch_events(ids, "history")
    iterated = EventFetcher(local.database, records="plain").fetch_events(ids, "history")
    proof = prove(legacy, iterated)
    assert proof.level is Level.VALUE
    counts = {(drift.column, drift.from_type, drift.to_type): drift.count for drift in proof.drift}
    assert counts["TRACKOUTTIMESTAMP", "NaT", "None"] == counted(local, "TRACKOUTTIMESTAMP IS NULL")
    assert counts["TRACKOUTQTY", "float", "int"] == counted(local, "TRACKOUTQTY IS NOT NULL")
    assert counts["TRACKINTIMESTAMP", "Timestamp", "datetime"] == counted(local, "1 = 1")
    assert all(drift.source == "histogram" and not drift.lossy for drift in proof.drift)
    assert 0 < counts["TRACKOUTTIMESTAMP", "NaT", "None"] < counts["TRACKOUTQTY", "float", "int"]
