"""Workloads that declare Oracle's text types, served by the local Oracle."""

from __future__ import annotations

from pathlib import Path

import duckdb
import oracledb
import pytest

from tracekit.errors import WorkloadError
from tracekit.testbed import LocalOracle
from tracekit.workloads import declare_type
from tracekit.workloads.file import table_rows


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "lots.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA DWH")
        connection.execute(
            "CREATE TABLE DWH.LOTS AS SELECT lpad(CAST(i AS VARCHAR), 16, '0') AS CONTAINERID,"
            " 'EQ' || i AS EQUIPMENTID, 'group ' || i AS SEQUENCE_GROUP FROM range(1000) r(i)"
        )
        declare_type(connection, "DWH.LOTS", "CONTAINERID", "CHAR(16)")
        declare_type(connection, "DWH.LOTS", "EQUIPMENTID", "CHAR(16)")
        declare_type(connection, "DWH.LOTS", "SEQUENCE_GROUP", "VARCHAR2(255)")
    return path


def test_columns_are_described_and_compared_as_declared(workload: Path) -> None:
    with (
        LocalOracle(str(workload)) as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM dwh.lots WHERE equipmentid = 'EQ7'")
        described = [(column[1].name, column[2]) for column in cursor.description]
        assert described == [("DB_TYPE_CHAR", 16), ("DB_TYPE_CHAR", 16), ("DB_TYPE_VARCHAR", 255)]
        [(key, equipment, _)] = cursor.fetchall()
        assert (len(key), equipment) == (16, "EQ7".ljust(16))
        keys = [f"{number:016}" for number in range(900)]
        places = ", ".join(f":{number}" for number in range(1, 901))
        cursor.execute(f"SELECT COUNT(*) FROM dwh.lots WHERE containerid IN ({places})", keys)
        assert cursor.fetchall() == [(900,)]
        with pytest.raises(oracledb.DatabaseError, match=r"ORA-12899: .*actual: 17, maximum: 16"):
            cursor.execute("UPDATE dwh.lots SET containerid = containerid || 'x'")


def test_a_declaration_that_the_rows_contradict_is_refused(workload: Path) -> None:
    with duckdb.connect(str(workload)) as connection:
        with pytest.raises(WorkloadError, match="has a value of 16 characters"):
            declare_type(connection, "DWH.LOTS", "CONTAINERID", "CHAR(15)")
        with pytest.raises(WorkloadError, match="expected CHAR"):
            declare_type(connection, "DWH.LOTS", "CONTAINERID", "NUMBER(3)")
    assert table_rows(workload) == {"DWH.LOTS": 1000}
