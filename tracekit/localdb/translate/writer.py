"""How the rewritten tree becomes DuckDB's text."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import UnsupportedError
from sqlglot.generators.duckdb import DuckDBGenerator

from tracekit.localdb.translate.build import unsupported


class PlainGenerator(DuckDBGenerator):
    """DuckDB's generator where our trees say more than sqlglot's own."""

    def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
        """DuckDB takes IGNORE NULLS at the end of any window function's arguments."""
        return f"{self.sql(expression, 'this')} IGNORE NULLS"

    def nullsafeeq_sql(self, expression: exp.NullSafeEQ) -> str:
        """Equality where NULL equals NULL."""
        return self.binary(expression, "IS NOT DISTINCT FROM")


class WriteDuckDB(DuckDB):
    """The writing dialect."""

    Generator = PlainGenerator


def write(tree: exp.Expr) -> str:
    """The DuckDB text of a rewritten tree.

    Raises:
        OraError: ORA-03001, something DuckDB has no form for.
    """
    try:
        return tree.sql(
            dialect=WriteDuckDB,
            identify=True,
            normalize_functions=False,
            unsupported_level=ErrorLevel.RAISE,
            comments=False,
            copy=False,
        )
    except UnsupportedError as error:
        raise unsupported(str(error)) from None
