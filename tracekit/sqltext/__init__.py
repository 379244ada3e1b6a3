"""Oracle SQL as text: its tokens, its keys, and which statements are the same. Runs nothing."""

from tracekit.sqltext.bound_keys import BoundKeys, bound_keys
from tracekit.sqltext.identity import normalise, statement_sha256, without_literals
from tracekit.sqltext.sql_file import names_sql_file

__all__ = [
    "BoundKeys",
    "bound_keys",
    "names_sql_file",
    "normalise",
    "statement_sha256",
    "without_literals",
]
