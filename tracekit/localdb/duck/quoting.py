"""Names and texts as DuckDB's SQL takes them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(*names: str) -> str:
    """The path of an object: `"SCHEMA"."NAME"`."""
    return ".".join(map(quoted, names))


def escaped(text: str) -> str:
    """A text as it stands between single quotes."""
    return text.replace("'", "''")
