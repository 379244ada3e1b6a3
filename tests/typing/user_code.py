"""What a user writes, checked by mypy --strict against the installed package; never run.

A line with `type: ignore[code]` is a mistake that the types must find: strict mode refuses an
ignore that nothing needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import pandas as pd

import tracekit
from tracekit.errors import BatchFetchError, TracekitError

QUERY = tracekit.Query("sql/transactions.sql", key="ACCOUNT_ID")


def fetch(database: tracekit.Database) -> dict[Any, list[dict[str, Any]]]:
    fetcher = tracekit.KeyedFetcher(database, QUERY, max_workers=4)
    for piece in fetcher.stream([1, 2], batch_size=100):
        for records in piece.values():
            assert_type(records[0]["AMOUNT"], Any)
    fetcher.to_parquet(range(10), Path("out.parquet"))
    with tracekit.open_parquet("out.parquet") as found:
        assert_type(len(found), int)
    return fetcher.records([1, 2], memory_budget="1GiB")


def read(database: tracekit.Database) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    assert_type(database.read_sql_df("SELECT 1 FROM dual"), pd.DataFrame)
    yield from database.read_sql_df_slow_iter("SELECT 1 FROM dual", batch_size=10)


def judge(folder: Path) -> str:
    with tracekit.LocalOracle(folder / "bank.duckdb") as local:
        before = fetch(local.database)
        proof = tracekit.prove(before, tracekit.KeyedFetcher(local.database, QUERY).table([1, 2]))
        proof.raise_for_level("value")
        run = tracekit.replay("payments", {"old": fetch, "new": "lean"}, keys=100)
        assert_type(run.folder, Path)
        measured = tracekit.measure(lambda: before)
        assert_type(measured.rss_net_peak_bytes, int | None)
    assert_type(proof.equal, bool | None)
    return str(run.verdict)


def survive(database: tracekit.Database) -> int:
    try:
        fetch(database)
    except BatchFetchError as exc:
        return exc.failures[0].key_count
    except TracekitError:
        return 0
    return -1


def mistakes(database: tracekit.Database) -> None:
    tracekit.KeyedFetcher(database, QUERY, records="lazy")  # type: ignore[arg-type]
    tracekit.KeyedFetcher("db.example:1521/BANK", QUERY)  # type: ignore[arg-type]
    tracekit.Query(key="ACCOUNT_ID")  # type: ignore[call-arg]
    tracekit.prove({}, {}, levels="exact")  # type: ignore[call-arg]
    tracekit.no_such_name  # type: ignore[attr-defined]  # noqa: B018
