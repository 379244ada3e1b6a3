"""Translate Oracle SQL to DuckDB SQL, with the functions it needs and the mapping of errors."""

from tracekit.localdb.translate.bind_forms import BindForm, form_of
from tracekit.localdb.translate.binds import Parameter
from tracekit.localdb.translate.column_types import Columns, ColumnType
from tracekit.localdb.translate.errors import map_error
from tracekit.localdb.translate.install import install
from tracekit.localdb.translate.number_functions import number_text
from tracekit.localdb.translate.number_types import FREE
from tracekit.localdb.translate.statement import translate
from tracekit.localdb.translate.synonyms import PUBLIC
from tracekit.localdb.translate.translated import (
    ColumnDeclaration,
    ConstraintDeclaration,
    Control,
    Definition,
    SequenceOptions,
    TableReference,
    Translated,
)
from tracekit.localdb.translate.types import DeclaredType

__all__ = [
    "FREE",
    "PUBLIC",
    "BindForm",
    "ColumnDeclaration",
    "ColumnType",
    "Columns",
    "ConstraintDeclaration",
    "Control",
    "DeclaredType",
    "Definition",
    "Parameter",
    "SequenceOptions",
    "TableReference",
    "Translated",
    "form_of",
    "install",
    "map_error",
    "number_text",
    "translate",
]
