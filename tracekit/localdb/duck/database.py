"""The DuckDB database of a server process: settings, catalogues and connections."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import duckdb

from tracekit.errors import ConnectError
from tracekit.localdb.duck.catalogs import FILE_CATALOG, MEMORY_CATALOG
from tracekit.localdb.duck.declared import DeclaredColumns
from tracekit.localdb.duck.dictionary import SCHEMA as DICTIONARY_SCHEMA
from tracekit.localdb.duck.dictionary import install_dictionary, join_catalogs
from tracekit.localdb.duck.notes import ON_NULL, TableNotes
from tracekit.localdb.duck.overlay import Overlay
from tracekit.localdb.duck.partial_keys import PartialKeys
from tracekit.localdb.duck.quoting import escaped, quoted
from tracekit.localdb.duck.sequences import copy_sequences
from tracekit.localdb.duck.spool_folder import SpoolFolder
from tracekit.localdb.duck.statement import StatementCache
from tracekit.localdb.duck.table_columns import Spelling, TableColumns
from tracekit.localdb.translate import FREE, install

IN_MEMORY = ":memory:"
# A streaming buffer holds the rows that DuckDB computes ahead, per open query (default 10 MB).
_CONNECTION_SETTINGS = """
SET streaming_buffer_size = '1MB';
SET TimeZone = 'UTC';
SET default_transaction_invalidation_policy = 'SYNTACTIC_ERRORS_DO_NOT_INVALIDATE';
"""


class Database:
    """A catalogue that sessions see as the whole database; see `Databases` and `clone`.

    Args:
        root: A connection to the process's DuckDB database.
        catalog: The catalogue with the tables; it must exist.
        schema: The default schema; created if it does not exist.
        spool_folder: The folder for spooled results.
        statements: The translated statements, shared by all catalogues.
        overlay: The overlay, or None if tables are written in place.
        inherited: Catalogues from which to copy declared types and notes.
    """

    def __init__(
        self,
        root: duckdb.DuckDBPyConnection,
        catalog: str,
        *,
        schema: str,
        spool_folder: Path,
        statements: StatementCache,
        overlay: Overlay | None,
        inherited: tuple[str, ...],
    ) -> None:
        self.catalog = catalog
        self.spool_folder = spool_folder
        self.statements = statements
        self.overlay = overlay
        self._schema = schema
        self._root = root
        root.execute(f'CREATE SCHEMA IF NOT EXISTS {catalog}."{schema}"')
        self.declared = DeclaredColumns(root, catalog, inherited)
        self.notes = TableNotes(root, catalog, inherited)
        self.columns = TableColumns(
            self.connect, self.declared, self._required_columns, self._spelling, self._on_null
        )
        self.partial_keys = PartialKeys(catalog, self.notes)

    def clone(self, name: str) -> Database:
        """Make a private copy: it starts with the present data, and its changes stay in it.

        Args:
            name: The unique name of the copy's catalogue.
        """
        with self._root.cursor() as root:
            root.execute(f"ATTACH ':memory:' AS {name}")
            overlay = Overlay(self._root, name, self.catalog, self.overlay)
            copy_sequences(root, self.catalog, name)
        return Database(
            self._root,
            name,
            schema=self._schema,
            spool_folder=self.spool_folder,
            statements=self.statements,
            overlay=overlay,
            inherited=(self.catalog,),
        )

    def connect(self, schema: str) -> duckdb.DuckDBPyConnection:
        """Open a connection that looks up unqualified names in `schema`."""
        connection = self._root.cursor()
        connection.execute(_CONNECTION_SETTINGS)
        self.use_schema(connection, schema)
        return connection

    def use_schema(
        self, connection: duckdb.DuckDBPyConnection, schema: str, private: str | None = None
    ) -> None:
        """Look up unqualified names of `connection` in `private`, then in `schema`."""
        path = [
            *([f"{self.catalog}.{quoted(private)}"] if private else []),
            f"{self.catalog}.{quoted(schema)}",
            f"{self.catalog}.main",
            f"{MEMORY_CATALOG}.main",
            f"{MEMORY_CATALOG}.{DICTIONARY_SCHEMA}",
        ]
        connection.execute(f"SET search_path = '{escaped(','.join(dict.fromkeys(path)))}'")

    def has_schema(self, schema: str) -> bool:
        """Whether a schema with exactly this name exists."""
        with self._root.cursor() as connection:
            found = connection.execute(
                "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?",
                [self.catalog, schema],
            ).fetchone()
        return found is not None

    def object_type(self, schema: str, name: str) -> str | None:
        """TABLE, VIEW or SEQUENCE, whichever has this name in capital or small letters."""
        with self._root.cursor() as connection:
            found = connection.execute(
                """
                SELECT kind FROM (
                    SELECT 'TABLE' AS kind, database_name, schema_name, table_name AS name
                    FROM duckdb_tables()
                    UNION ALL SELECT 'VIEW', database_name, schema_name, view_name
                    FROM duckdb_views()
                    UNION ALL SELECT 'SEQUENCE', database_name, schema_name, sequence_name
                    FROM duckdb_sequences()
                )
                WHERE database_name = ? AND lower(schema_name) = ? AND lower(name) = ?
                """,
                [self.catalog, schema.lower(), name.lower()],
            ).fetchone()
        return None if found is None else str(found[0])

    def free_columns(self, table: tuple[str, str]) -> set[str]:
        """The columns of a table, given by schema and name, that store NUMBERs as bytes."""
        return {name for name, one in self.columns.find(*table).items() if one.number is FREE}

    def _on_null(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str
    ) -> dict[str, str]:
        """The defaults of a table's columns with DEFAULT ON NULL."""
        noted = {one.subject for one in self.notes.of_table(schema, table) if one.kind == ON_NULL}
        if not noted:
            return {}
        viewed = self.overlay.viewed() if self.overlay is not None else {}
        held = viewed.get((schema.upper(), table.upper()))
        if held is not None:
            columns = [one for one in held.columns if one.name in noted]
            return {one.name: one.default for one in columns if one.default is not None}
        rows = connection.execute(
            "SELECT column_name, column_default FROM duckdb_columns() WHERE database_name = ?"
            " AND schema_name = ? AND table_name = ? AND column_default IS NOT NULL",
            [self.catalog, schema, table],
        ).fetchall()
        return {name: default for name, default in rows if name in noted}

    def _required_columns(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str
    ) -> set[str]:
        """The columns of a table that are NOT NULL; empty for a view."""
        viewed = self.overlay.viewed() if self.overlay is not None else {}
        held = viewed.get((schema.upper(), table.upper()))
        if held is not None:
            return {column.name.upper() for column in held.columns if not column.nullable}
        rows = connection.execute(
            "SELECT upper(column_name) FROM duckdb_columns() WHERE database_name = ?"
            " AND schema_name = ? AND table_name = ? AND NOT is_nullable",
            [self.catalog, schema, table],
        ).fetchall()
        return {str(name) for (name,) in rows}

    def _spelling(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str
    ) -> Spelling | None:
        """How a file spells a table's names; None if the table is not from the file."""
        if self.overlay is not None:
            return self.overlay.spelling(schema, table)
        rows = connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
            " WHERE database_name = ? AND upper(schema_name) IN (?, 'MAIN')"
            " AND upper(table_name) = ?",
            [self.catalog, schema.upper(), table.upper()],
        ).fetchall()
        if not rows:
            return None
        return Spelling(rows[0][0], rows[0][1], tuple(name for *_, name in rows))

    def close(self) -> None:
        """Close this catalogue's connections; its sessions must be closed first."""
        self.declared.close()
        self.notes.close()


class Databases:
    """The served database and its clones, by name.

    Args:
        source: The path of a DuckDB file, or ":memory:".
        writable: Whether to write changes to the file; otherwise they stay in memory.
        sysdate: The value of SYSDATE; None for the current time.
        schema: The default schema; created if it does not exist.
        memory_limit: The limit of DuckDB's buffers, beyond which it spills to disk.
        threads: The number of DuckDB's own threads, in addition to each caller's.
        spool_dir: The folder for temporary files; None for the system's.

    Raises:
        ConnectError: the file does not exist, is not a DuckDB file or cannot be opened.
    """

    def __init__(
        self,
        source: str,
        *,
        writable: bool,
        sysdate: datetime | None,
        schema: str,
        memory_limit: str,
        threads: int,
        spool_dir: Path | None,
    ) -> None:
        self._spool = SpoolFolder(spool_dir)
        self._root = duckdb.connect(IN_MEMORY, config=_settings(memory_limit, threads))
        self._lock = threading.Lock()
        self._clones: dict[str, Database] = {}
        in_place = writable and source != IN_MEMORY
        try:
            self._root.execute(f"SET temp_directory = '{escaped(str(self._spool.path))}'")
            if source != IN_MEMORY:
                _attach(self._root, source, writable)
            self._root.execute("SET enable_external_access = false")
            install(self._root, sysdate=sysdate)
            overlay = None
            if source != IN_MEMORY and not writable:
                overlay = Overlay(self._root, MEMORY_CATALOG, FILE_CATALOG)
                copy_sequences(self._root, FILE_CATALOG, MEMORY_CATALOG)
            self.main = Database(
                self._root,
                FILE_CATALOG if in_place else MEMORY_CATALOG,
                schema=schema,
                spool_folder=self._spool.path,
                statements=StatementCache(),
                overlay=overlay,
                inherited=(FILE_CATALOG,) if overlay else (),
            )
            install_dictionary(
                self._root,
                memory_catalog=MEMORY_CATALOG,
                catalog=self.main.catalog,
                owner=schema,
            )
        except BaseException:
            self._free()
            raise

    def clone(self, name: str) -> Database:
        """Make a private copy of the main database.

        Raises:
            ConnectError: a clone with this name exists.
        """
        with self._lock:
            if name in self._clones or name in (FILE_CATALOG, MEMORY_CATALOG):
                raise ConnectError(f"clone {name!r} already exists")
            made = self._clones[name] = self.main.clone(name)
            self._join_catalogs()
        return made

    def find(self, name: str) -> Database | None:
        """The clone with this name; None if there is none."""
        with self._lock:
            return self._clones.get(name)

    def drop_clone(self, name: str) -> None:
        """Close and forget a clone; its sessions must be closed first."""
        with self._lock:
            clone = self._clones.pop(name, None)
            if clone is None:
                return
            self._join_catalogs()
            clone.close()
            self._root.execute(f"DETACH {name}")

    def close(self) -> None:
        """Close everything; sessions must be closed first."""
        for clone in self._clones.values():
            clone.close()
        self.main.close()
        self._free()

    def _join_catalogs(self) -> None:
        catalogs = [self.main.catalog, *(clone.catalog for clone in self._clones.values())]
        join_catalogs(self._root, MEMORY_CATALOG, catalogs)

    def _free(self) -> None:
        self._root.close()
        self._spool.close()


def _attach(root: duckdb.DuckDBPyConnection, source: str, writable: bool) -> None:
    path = Path(source)
    if not path.is_file():
        raise ConnectError(f"{source!r} is not a file; name a DuckDB file, or {IN_MEMORY}")
    mode = "" if writable else " (READ_ONLY)"
    try:
        root.execute(f"ATTACH '{escaped(str(path))}' AS {FILE_CATALOG}{mode}")
    except duckdb.Error as error:
        raise ConnectError(f"{source!r} could not be opened: {error}") from error


def _settings(memory_limit: str, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "allocator_background_threads": True,  # otherwise a sort's memory stays allocated
        "python_enable_replacements": False,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }
