"""The DuckDB database of one server process: settings, catalogues, connections."""

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
from tracekit.localdb.duck.notes import TableNotes
from tracekit.localdb.duck.overlay import Overlay
from tracekit.localdb.duck.quoting import escaped, quoted
from tracekit.localdb.duck.sequences import copy_sequences
from tracekit.localdb.duck.spool_folder import SpoolFolder
from tracekit.localdb.duck.statement import StatementCache
from tracekit.localdb.duck.table_columns import Spelling, TableColumns
from tracekit.localdb.translate import install

IN_MEMORY = ":memory:"
# A streaming buffer is what DuckDB computes ahead of the reader, per open query (default 10 MB).
_CONNECTION_SETTINGS = """
SET streaming_buffer_size = '1MB';
SET TimeZone = 'UTC';
SET default_transaction_invalidation_policy = 'SYNTACTIC_ERRORS_DO_NOT_INVALIDATE';
"""


class Database:
    """One catalogue that sessions see as the whole database; see `open_database`, `clone`.

    Args:
        root: A connection to the DuckDB database of the process.
        catalog: Where tables are, or are made; it exists.
        schema: Is made if the catalogue has none of the name.
        spool_folder: Where spooled results go.
        statements: Translated statements, shared by all catalogues.
        overlay: None where tables are written in place.
        inherited: Catalogues whose declared types and notes are taken over.
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
            self.connect, self.declared, self._required_columns, self._spelling
        )

    def clone(self, name: str) -> Database:
        """A private copy: what is here now can be read there, changes stay there.

        Args:
            name: Of the copy's catalogue; no other has it.
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
        """A new connection that resolves unqualified names in `schema`."""
        connection = self._root.cursor()
        connection.execute(_CONNECTION_SETTINGS)
        self.use_schema(connection, schema)
        return connection

    def use_schema(
        self, connection: duckdb.DuckDBPyConnection, schema: str, private: str | None = None
    ) -> None:
        """Resolve unqualified names of `connection` in `schema`, before it in `private`."""
        path = [
            *([f"{self.catalog}.{quoted(private)}"] if private else []),
            f"{self.catalog}.{quoted(schema)}",
            f"{self.catalog}.main",
            f"{MEMORY_CATALOG}.main",
            f"{MEMORY_CATALOG}.{DICTIONARY_SCHEMA}",
        ]
        connection.execute(f"SET search_path = '{escaped(','.join(dict.fromkeys(path)))}'")

    def has_schema(self, schema: str) -> bool:
        """Whether there is a schema of exactly this name."""
        with self._root.cursor() as connection:
            found = connection.execute(
                "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?",
                [self.catalog, schema],
            ).fetchone()
        return found is not None

    def _required_columns(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str
    ) -> set[str]:
        """The columns of a table that are NOT NULL; none of a view."""
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
        """How a table of a file spells its names; None of tables that the file does not hold."""
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
        """Free what this catalogue holds open; its sessions must be closed before."""
        self.declared.close()
        self.notes.close()


class Databases:
    """The served database and its clones, by name; what `open_database` opens.

    Args:
        source: Path of a DuckDB file, or ":memory:".
        writable: Changes reach the file; else they stay in memory.
        sysdate: What SYSDATE is; None for the clock.
        schema: Is made if the source has none of the name.
        memory_limit: Of DuckDB's buffers, beyond which it spills to disk.
        threads: DuckDB's own, besides the one of each caller.
        spool_dir: Where temporary files go; None for the system's place.

    Raises:
        ConnectError: the file does not exist, or is no DuckDB file we may open.
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
            ConnectError: there is one of this name.
        """
        with self._lock:
            if name in self._clones or name in (FILE_CATALOG, MEMORY_CATALOG):
                raise ConnectError(f"there is a clone {name!r} already")
            made = self._clones[name] = self.main.clone(name)
            self._join_catalogs()
        return made

    def find(self, name: str) -> Database | None:
        """The clone of this name."""
        with self._lock:
            return self._clones.get(name)

    def drop_clone(self, name: str) -> None:
        """Forget a clone and free what it holds; its sessions are closed."""
        with self._lock:
            clone = self._clones.pop(name, None)
            if clone is None:
                return
            self._join_catalogs()
            clone.close()
            self._root.execute(f"DETACH {name}")

    def close(self) -> None:
        """Free everything; sessions must be closed before."""
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
        "allocator_background_threads": True,  # or what a sort freed is kept for the next one
        "python_enable_replacements": False,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }
