"""The DuckDB database of one server process: settings, catalogues, connections."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from tracekit.errors import ConnectError
from tracekit.localdb.duck.declared import DeclaredColumns
from tracekit.localdb.duck.dictionary import SCHEMA as DICTIONARY_SCHEMA
from tracekit.localdb.duck.dictionary import install_dictionary
from tracekit.localdb.duck.overlay import FILE_CATALOG, MEMORY_CATALOG, Overlay
from tracekit.localdb.duck.statement import StatementCache
from tracekit.localdb.translate import install

IN_MEMORY = ":memory:"
# A streaming buffer is what DuckDB computes ahead of the reader, per open query (default 10 MB).
_CONNECTION_SETTINGS = """
SET streaming_buffer_size = '1MB';
SET TimeZone = 'UTC';
SET default_transaction_invalidation_policy = 'SYNTACTIC_ERRORS_DO_NOT_INVALIDATE';
"""


class Database:
    """Opens connections that all see the same tables.

    Args:
        source: path of a DuckDB file, or ":memory:".
        writable: changes reach the file; else they stay in memory.
        sysdate: what SYSDATE is; None for the clock.
        schema: is made if the source has none of the name.
        memory_limit: of DuckDB's buffers, beyond which it spills to disk.
        threads: DuckDB's own, besides the one of each caller.
        spool_dir: where temporary files go; None for the system's place.

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
        self.statements = StatementCache()
        self._temporary = tempfile.TemporaryDirectory(prefix="tracekit-spool-", dir=spool_dir)
        self.spool_folder = Path(self._temporary.name)
        self._root = duckdb.connect(IN_MEMORY, config=_settings(memory_limit, threads))
        self._catalog = FILE_CATALOG if writable and source != IN_MEMORY else MEMORY_CATALOG
        self.overlay: Overlay | None = None
        try:
            self._root.execute(f"SET temp_directory = '{_escaped(self._temporary.name)}'")
            if source != IN_MEMORY:
                self._attach(source, writable)
            self._root.execute("SET enable_external_access = false")
            self._root.execute(f'CREATE SCHEMA IF NOT EXISTS {self._catalog}."{schema}"')
            install(self._root, sysdate=sysdate)
            self.declared = DeclaredColumns(self._root, self._catalog)
            install_dictionary(
                self._root,
                memory_catalog=MEMORY_CATALOG,
                catalog=self._catalog,
                file_catalog=FILE_CATALOG,
            )
        except BaseException:
            self._free()
            raise

    def _attach(self, source: str, writable: bool) -> None:
        path = Path(source)
        if not path.is_file():
            raise ConnectError(f"{source!r} is no file; name a DuckDB file, or {IN_MEMORY}")
        mode = "" if writable else " (READ_ONLY)"
        try:
            self._root.execute(f"ATTACH '{_escaped(str(path))}' AS {FILE_CATALOG}{mode}")
        except duckdb.Error as error:
            raise ConnectError(f"{source!r} could not be opened: {error}") from error
        if not writable:
            self.overlay = Overlay(self._root)

    def connect(self, schema: str) -> duckdb.DuckDBPyConnection:
        """A new connection that resolves unqualified names in `schema`."""
        connection = self._root.cursor()
        connection.execute(_CONNECTION_SETTINGS)
        self.use_schema(connection, schema)
        return connection

    def use_schema(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        """Resolve unqualified names of `connection` in `schema`."""
        quoted = schema.replace('"', '""')
        path = [
            f'{self._catalog}."{quoted}"',
            f"{self._catalog}.main",
            f"{MEMORY_CATALOG}.main",
            f"{MEMORY_CATALOG}.{DICTIONARY_SCHEMA}",
        ]
        connection.execute(f"SET search_path = '{_escaped(','.join(dict.fromkeys(path)))}'")

    def has_schema(self, schema: str) -> bool:
        """Whether there is a schema of exactly this name."""
        with self._root.cursor() as connection:
            found = connection.execute(
                "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?",
                [self._catalog, schema],
            ).fetchone()
        return found is not None

    def close(self) -> None:
        """Free everything; connections must be closed before."""
        self.declared.close()
        self._free()

    def _free(self) -> None:
        self._root.close()
        self._temporary.cleanup()


def _settings(memory_limit: str, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "python_enable_replacements": False,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }


def _escaped(text: str) -> str:
    return text.replace("'", "''")
