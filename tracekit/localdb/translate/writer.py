"""Write the rewritten tree as DuckDB SQL."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import UnsupportedError
from sqlglot.generators.duckdb import DuckDBGenerator

from tracekit.localdb.translate.build import unsupported


class PlainGenerator(DuckDBGenerator):
    """DuckDB's generator, with changes for nodes that these trees use differently from sqlglot."""

    def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
        """Write IGNORE NULLS at the end of the arguments, where DuckDB expects it."""
        return f"{self.sql(expression, 'this')} IGNORE NULLS"

    def nullsafeeq_sql(self, expression: exp.NullSafeEQ) -> str:
        """Write an equality in which NULL equals NULL."""
        return self.binary(expression, "IS NOT DISTINCT FROM")


class WriteDuckDB(DuckDB):
    """The dialect for writing."""

    Generator = PlainGenerator


def write(tree: exp.Expr) -> str:
    """Write a rewritten tree as DuckDB SQL.

    Raises:
        OraError: ORA-03001 if DuckDB has no syntax for a node.
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
