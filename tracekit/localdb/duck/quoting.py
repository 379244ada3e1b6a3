"""Quote names and texts for DuckDB's SQL."""

from __future__ import annotations


def quoted(name: str) -> str:
    """Put an identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(*names: str) -> str:
    """The qualified name of an object: `"SCHEMA"."NAME"`."""
    return ".".join(map(quoted, names))


def escaped(text: str) -> str:
    """Escape text for single quotes."""
    return text.replace("'", "''")
