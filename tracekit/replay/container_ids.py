"""Which CIDs are replayed, asked of the database itself: DuckDB has no part in it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from tracekit.errors import ConfigError
from tracekit.keyed.container_ids import normalise_container_ids
from tracekit.oracle import Database

_ALL = "SELECT CONTAINERID FROM DWH.DW_MES_CONTAINER ORDER BY CONTAINERID"
_FIRST = f"{_ALL} FETCH FIRST :n ROWS ONLY"


def choose_container_ids(
    database: Database, wanted: int | Sequence[str] | None = None, sql: str | None = None
) -> list[str]:
    """The CIDs to replay: a list as it is, the first column of `sql`, or the container table's.

    Args:
        database: where to ask.
        wanted: CIDs, or how many of the container table's, first by id; None for all.
        sql: a query whose first column holds CIDs; `wanted` then limits how many are taken.

    Raises:
        ConfigError: there are none, or a list and a query are given at once.
        ConnectError, FetchError: the database could not be asked.
    """
    if isinstance(wanted, int) and wanted < 1:
        raise ConfigError(f"cids={wanted}: expected at least 1")
    if wanted is None or isinstance(wanted, int):
        found = normalise_container_ids(_asked(database, sql, wanted))[:wanted]
        source = sql or "DWH.DW_MES_CONTAINER"
    elif sql is not None:
        raise ConfigError("CIDs were given as a list and as a query; give one of them")
    else:
        found, source = normalise_container_ids(wanted), "the list of CIDs"
    if not found:
        raise ConfigError(f"there is nothing to replay: {source} names no CID")
    return found


def _asked(database: Database, sql: str | None, limit: int | None) -> list[object]:
    if sql is not None:
        query, limited = sql.strip().removesuffix(";"), False
    else:
        query, limited = (_ALL, False) if limit is None else (_FIRST, True)
    found: list[object] = []
    batches = database.read_sql_df_slow_iter(query, {"n": limit} if limited else None)
    with closing(batches):
        for _, rows in batches:
            found += [row[0] for row in rows]
            if limit is not None and len(found) >= limit:
                break
    return found
