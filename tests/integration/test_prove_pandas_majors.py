"""What the legacy fetch makes of a date beyond 2262 depends on pandas' major version.

pandas 2.3 counts nanoseconds in 64 bits: a column with such a date stays a column of datetime
objects and NULLs beside it stay None. pandas 3 counts microseconds: the column is a datetime64,
its cells are Timestamps and its NULLs are NaT. Oracle systems write 9999-12-31 for "no end".
"""

from __future__ import annotations

import pandas as pd
import pytest

import tracekit
from tracekit import Database, LocalOracle
from tracekit.records import Drift, Level

PANDAS_3 = int(pd.__version__.split(".")[0]) >= 3
OPEN_END = """
SELECT 'A' AS CONTAINERID, TO_DATE('9999-12-31', 'YYYY-MM-DD') AS VALID_TO FROM DUAL
UNION ALL SELECT 'B', NULL FROM DUAL
UNION ALL SELECT 'C', TO_DATE('2026-02-25', 'YYYY-MM-DD') FROM DUAL
"""


@pytest.fixture(scope="module", name="drift")
def _drift() -> list[tuple[str, str, int]]:
    with LocalOracle(":memory:") as local:
        database: Database = local.database
        frame = database.read_sql_df(OPEN_END)
        proof = tracekit.prove([frame], database.read_sql_df_slow_iter(OPEN_END))
    assert proof.level is (Level.VALUE if PANDAS_3 else Level.EXACT)
    return [_facts(drift) for drift in proof.drift if drift.column == "VALID_TO"]


def _facts(drift: Drift) -> tuple[str, str, int]:
    assert not drift.lossy
    return drift.from_type, drift.to_type, drift.count


@pytest.mark.skipif(not PANDAS_3, reason="the other half of this pair runs under pandas 3")
def test_under_pandas_3_the_column_is_timestamps_and_nat(drift: list[tuple[str, str, int]]) -> None:
    assert sorted(drift) == [("NaT", "None", 1), ("Timestamp", "datetime", 2)]


@pytest.mark.skipif(PANDAS_3, reason="the other half of this pair runs under pandas 2.3")
def test_under_pandas_2_the_column_stays_datetimes_and_none(
    drift: list[tuple[str, str, int]],
) -> None:
    assert drift == []
