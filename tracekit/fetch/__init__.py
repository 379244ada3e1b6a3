"""The ways to read rows from Oracle: data frames, row batches, Arrow batches."""

from tracekit.fetch.connect import Database
from tracekit.fetch.default_database import read_sql_df, read_sql_df_slow_iter

__all__ = ["Database", "read_sql_df", "read_sql_df_slow_iter"]
