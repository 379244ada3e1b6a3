"""The ways to read rows from Oracle: data frames, row batches, Arrow batches."""

from tracekit.oracle.connect import Database
from tracekit.oracle.default_database import read_sql_df, read_sql_df_slow_iter

__all__ = ["Database", "read_sql_df", "read_sql_df_slow_iter"]
