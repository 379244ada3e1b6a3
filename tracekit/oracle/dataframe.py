"""Read a whole result as one DataFrame, as the legacy system does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracledb

from tracekit.oracle.rows import execute_query

if TYPE_CHECKING:
    import pandas as pd


def fetch_dataframe(connection: oracledb.Connection, sql: str, params: Any) -> pd.DataFrame:
    """All rows of `sql` by `fetchall` in a DataFrame with upper-case column names.

    Row tuples and frame are alive at the same time, and the driver keeps its default array size,
    because this is the legacy fetch, measured as it ran.

    Raises:
        FetchError: the statement is not a query.
        oracledb.Error: the driver failed; the caller translates.
    """
    import pandas as pd  # imported here, so that other reads never load pandas

    with connection.cursor() as cursor:
        columns = execute_query(cursor, sql, params)
        rows = cursor.fetchall()
    return pd.DataFrame(rows, columns=columns)
