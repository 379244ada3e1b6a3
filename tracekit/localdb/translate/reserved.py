"""Oracle's reserved words, which are names only if quoted."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.binds import Prepared

# V$RESERVED_WORDS of 19c, without the words that have a meaning where a name can be used
# (DEFAULT, LEVEL, NULL, PRIOR, ROWID, ROWNUM, SYSDATE, UID, USER, COLUMN_VALUE).
_RESERVED = {
    "ACCESS", "ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUDIT", "BETWEEN", "BY",
    "CHAR", "CHECK", "CLUSTER", "COLUMN", "COMMENT", "COMPRESS", "CONNECT", "CREATE",
    "CURRENT", "DATE", "DECIMAL", "DELETE", "DESC", "DISTINCT", "DROP", "ELSE", "EXCLUSIVE",
    "EXISTS", "FILE", "FLOAT", "FOR", "FROM", "GRANT", "GROUP", "HAVING", "IDENTIFIED",
    "IMMEDIATE", "IN", "INCREMENT", "INDEX", "INITIAL", "INSERT", "INTEGER", "INTERSECT",
    "INTO", "IS", "LIKE", "LOCK", "LONG", "MAXEXTENTS", "MINUS", "MLSLABEL", "MODE", "MODIFY",
    "NOAUDIT", "NOCOMPRESS", "NOT", "NOWAIT", "NUMBER", "OF", "OFFLINE", "ON", "ONLINE",
    "OPTION", "OR", "ORDER", "PCTFREE", "PUBLIC", "RAW", "RENAME", "RESOURCE", "REVOKE", "ROW",
    "ROWS", "SELECT", "SESSION", "SET", "SHARE", "SIZE", "SMALLINT", "START", "SUCCESSFUL",
    "SYNONYM", "TABLE", "THEN", "TO", "TRIGGER", "UNION", "UNIQUE", "UPDATE", "VALIDATE",
    "VALUES", "VARCHAR", "VARCHAR2", "VIEW", "WHENEVER", "WHERE", "WITH",
}  # fmt: skip
_PSEUDO_COLUMNS = {"LEVEL", "NULL", "ROWID", "ROWNUM", "SYSDATE", "UID", "USER"}
"""Reserved words that have a meaning where a column is read, but name no column or alias."""
_ERRORS: dict[type[Any], tuple[int, str]] = {
    exp.Alias: (923, "FROM keyword not found where expected"),
    exp.Column: (936, "missing expression"),
    exp.ColumnDef: (904, ": invalid identifier"),
    exp.Table: (903, "invalid table name"),
    exp.TableAlias: (933, "SQL command not properly ended"),
}


def check_reserved_words(tree: exp.Expr, prepared: Prepared) -> None:
    """Refuse reserved words as names.

    Raises:
        OraError: the error that Oracle raises for the word at that place.
    """
    for identifier in tree.find_all(exp.Identifier):
        stated = _ERRORS.get(type(identifier.parent))
        named = isinstance(identifier.parent, exp.Alias | exp.ColumnDef)
        reserved = _RESERVED | _PSEUDO_COLUMNS if named else _RESERVED
        if stated is None or identifier.quoted or identifier.name.upper() not in reserved:
            continue
        start = identifier.meta.get("start")
        position = prepared.source_position(start) if isinstance(start, int) else 0
        raise OraError(*stated, position=position)
