"""Oracle's SQL dialect as DuckDB SQL: translation, the functions it needs, and error mapping."""

from tracekit.localdb.translate.binds import Parameter
from tracekit.localdb.translate.errors import map_error
from tracekit.localdb.translate.install import install
from tracekit.localdb.translate.scopes import Columns, ColumnType
from tracekit.localdb.translate.statement import translate
from tracekit.localdb.translate.translated import (
    ColumnDeclaration,
    Control,
    Definition,
    TableReference,
    Translated,
)
from tracekit.localdb.translate.types import DeclaredType

__all__ = [
    "ColumnDeclaration",
    "ColumnType",
    "Columns",
    "Control",
    "DeclaredType",
    "Definition",
    "Parameter",
    "TableReference",
    "Translated",
    "install",
    "map_error",
    "translate",
]
