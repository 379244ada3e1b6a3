"""Tables that are awkward to describe by statistics, and queries for them; made in DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tracekit.records import QueryDefinition
from tracekit.workloads import Workload
from tracekit.workloads.declared_types import write_declaration

_MIXED = """
CREATE TABLE BANK.MIXED AS
WITH sized AS (
    SELECT k, CASE WHEN k = 77 THEN {heavy}
              ELSE 1 + least(40, floor(6 / sqrt(1 + k % 500))) END AS n
    FROM range({keys}) t(k)
), numbered AS (
    SELECT k, i, hash(k, i, 1) AS a, hash(k, i, 2) AS b, hash(k, i, 3) AS c,
           row_number() OVER (ORDER BY hash(k, i, 9)) AS place
    FROM sized, range(n::BIGINT) u(i)
)
SELECT
    (100000 + k * 7)::DECIMAL(12, 0) AS ACCOUNT_ID,
    TIMESTAMP_S '2020-01-01 00:00:00' + INTERVAL (place) MINUTE AS BOOKED,
    ((b % 90000)::DECIMAL(18, 0) * 0.01)::DECIMAL(12, 2) AS AMOUNT,
    (1000000000000000000::HUGEINT * (10 + a % 89) * 1000000000000000000 + b % 1000000000000)
        ::DECIMAL(38, 0) AS IBAN_NUMBER,
    CASE WHEN c % 10 < 6 THEN NULL ELSE 'Réf ' || (a % 3000) || repeat('é', (b % 9)::INT) END
        AS LATIN_NOTE,
    CASE c % 4
        WHEN 0 THEN 'PLAIN-' || (a % 50)
        WHEN 1 THEN '批次' || repeat('號', (a % 14)::INT) || (b % 200)
        WHEN 2 THEN '🜚 ' || repeat('x', (a % 22)::INT) || (b % 400)
        ELSE 'Y'
    END AS MIXED_TEXT,
    chr((65 + a % 26)::INT) AS FLAG,
    CASE WHEN b % 20 = 0 THEN NULL ELSE repeat('lorem ipsum ', (1 + a % 60)::INT) || c END AS MEMO,
    unhex(printf('%016x%016x', a, b)) AS TOKEN,
    (a % 100000)::DOUBLE / 7 AS SCORE,
    TIMESTAMP '2024-01-01 00:00:00' + to_microseconds((a % 10000000000000)::BIGINT) AS SEEN_AT
FROM numbered
ORDER BY ACCOUNT_ID, BOOKED
"""
_WIDE_COLUMNS = 199
_DOCUMENTS = """
CREATE TABLE BANK.DOCUMENTS AS
WITH numbered AS (
    SELECT k, i, hash(k, i, 4) AS a, hash(k, i, 5) AS b
    FROM range({keys}) t(k), range(2) u(i)
)
SELECT
    printf('DOC-%08d', k) AS DOCUMENT_ID,
    i::DECIMAL(3, 0) AS PAGE,
    CASE WHEN k >= {keys} - {keys} // 25 THEN repeat('長い文書の本文。', (100 + a % 200)::INT)
         ELSE 'short ' || (a % 1000) END AS BODY,
    lower(hex(encode(printf('%d', a)))) AS CHECKSUM,
    CASE WHEN b % 3 = 0 THEN NULL ELSE (b % 5)::DECIMAL(1, 0) END AS GRADE,
    TIMESTAMP_S '2021-05-05 00:00:00' + INTERVAL (k % 900) DAY AS FILED
FROM numbered
ORDER BY DOCUMENT_ID, PAGE
"""
_DECLARED = (
    ("MIXED", "MEMO", "CLOB", None),
    ("MIXED", "TOKEN", "RAW", 16),
    ("MIXED", "FLAG", "VARCHAR2", 1),
    ("MIXED", "LATIN_NOTE", "VARCHAR2", 40),
    ("DOCUMENTS", "BODY", "CLOB", None),
    ("DOCUMENTS", "DOCUMENT_ID", "CHAR", 12),
)


def awkward_workload(folder: Path, keys: int, heavy: int) -> Workload:
    """Three tables of so many keys; one key of MIXED has `heavy` rows."""
    path = folder / f"awkward-{keys}.duckdb"
    if not path.exists():
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE SCHEMA BANK")
            connection.execute(_MIXED.format(keys=keys, heavy=heavy))
            connection.execute(_wide(keys))
            connection.execute(_DOCUMENTS.format(keys=keys))
            for table, column, name, length in _DECLARED:
                write_declaration(connection, f"BANK.{table}", column, name, length=length)
    return Workload(
        f"awkward-{keys}",
        database=path,
        queries={
            "mixed": QueryDefinition(
                "mixed",
                "SELECT * FROM BANK.MIXED WHERE ACCOUNT_ID IN (:keys) ORDER BY BOOKED",
                ("ACCOUNT_ID",),
            ),
            "wide": QueryDefinition(
                "wide", "SELECT * FROM BANK.WIDE WHERE ROW_ID IN (:keys)", ("ROW_ID",)
            ),
            "documents": QueryDefinition(
                "documents",
                "SELECT * FROM BANK.DOCUMENTS WHERE DOCUMENT_ID IN (:keys)"
                " ORDER BY DOCUMENT_ID, PAGE",
                ("DOCUMENT_ID",),
            ),
        },
    )


def _wide(keys: int) -> str:
    kinds = (
        "CASE WHEN hash(k, {n}) % 3 = 0 THEN NULL ELSE (hash(k, {n}) % 5000)::DECIMAL(9, 0) END",
        "'value ' || (hash(k, {n}) % {distinct})",
        "((hash(k, {n}) % 1000000)::DECIMAL(18, 0) * 0.01)::DECIMAL(14, 4)",
        "CASE WHEN hash(k, {n}) % 50 > 3 THEN NULL ELSE '備註' || (hash(k, {n}) % 90) END",
        "TIMESTAMP_S '2022-01-01 00:00:00' + INTERVAL (hash(k, {n}) % 700) DAY",
    )
    columns = ", ".join(
        f"{kinds[n % len(kinds)].format(n=n, distinct=3 + n * 40)} AS C{n}"
        for n in range(_WIDE_COLUMNS)
    )
    return (
        f"CREATE TABLE BANK.WIDE AS SELECT printf('ROW%09d', k) AS ROW_ID, {columns}"
        f" FROM range({keys}) t(k) ORDER BY ROW_ID"
    )
