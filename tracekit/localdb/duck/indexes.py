"""The indexes of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb
from sqlglot import exp, parse_one

from tracekit.localdb.duck.quoting import quoted
from tracekit.localdb.translate import Definition


@dataclass(frozen=True)
class Table:
    """The location of a table."""

    catalog: str
    schema: str
    name: str

    @property
    def path(self) -> str:
        """The table's qualified name in SQL."""
        return f"{self.catalog}.{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True)
class Index:
    """An index that CREATE INDEX made."""

    name: str
    is_unique: bool
    parts: tuple[str, ...]
    """Its columns and expressions, in DuckDB's dialect."""

    def create(self, table: Table) -> str:
        """The statement that makes it."""
        unique = "UNIQUE " if self.is_unique else ""
        return f"CREATE {unique}INDEX {quoted(self.name)} ON {table.path} ({', '.join(self.parts)})"

    def drop(self, table: Table) -> str:
        """The statement that drops it."""
        return f"DROP INDEX {table.catalog}.{quoted(table.schema)}.{quoted(self.name)}"

    def after(self, definition: Definition) -> Index | None:
        """What is left of it when a table was altered; an index on a dropped column is dropped."""
        if any(self._names(column) for column in definition.dropped_columns):
            return None
        if definition.renamed_column is None or not self._names(definition.renamed_column[0]):
            return self
        old, new = definition.renamed_column
        trees = [parse_one(part, dialect="duckdb") for part in self.parts]
        for column in [one for tree in trees for one in tree.find_all(exp.Column)]:
            if column.name.upper() == old.upper():
                column.set("this", exp.to_identifier(new, quoted=True))
        return replace(self, parts=tuple(tree.sql(dialect="duckdb") for tree in trees))

    def _names(self, wanted: str) -> bool:
        trees = [parse_one(part, dialect="duckdb") for part in self.parts]
        columns = [column for tree in trees for column in tree.find_all(exp.Column)]
        return any(column.name.upper() == wanted.upper() for column in columns)


def indexes_of(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Index]:
    """A table's indexes, without those of its keys."""
    held = all_indexes(connection, table.catalog, table.schema)
    return [index for owner, index in held.values() if owner == table]


def all_indexes(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str
) -> dict[str, tuple[Table, Index]]:
    """The indexes of a schema with their tables, by name, without those of keys."""
    rows = connection.execute(
        "SELECT table_name, index_name, is_unique, CAST(expressions AS VARCHAR[])"
        " FROM duckdb_indexes() WHERE database_name = ? AND schema_name = ? ORDER BY index_oid",
        [catalog, schema],
    ).fetchall()
    return {
        name: (Table(catalog, schema, table), Index(name, is_unique, tuple(parts)))
        for table, name, is_unique, parts in rows
    }
