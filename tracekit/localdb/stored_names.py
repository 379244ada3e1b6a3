"""Names that keep their letter case, stored in DuckDB, whose names ignore case.

`"id"` and `ID` are two names in Oracle and one in DuckDB. So each small Latin letter of a quoted
name is stored as a private-use character. Unquoted names are in capitals and need no change.
Everything after the lexer works with stored names; what a client receives is converted back.
"""

from __future__ import annotations

from string import ascii_lowercase

_FIRST = 0xF0000
"""In Unicode's plane 15, which no standard assigns."""

STORED_LETTERS = "".join(chr(_FIRST + ord(letter)) for letter in ascii_lowercase)
"""The characters that stand for a to z."""
_CAPITALS = str.maketrans(ascii_lowercase, ascii_lowercase.upper())
_STORED = str.maketrans(ascii_lowercase, STORED_LETTERS)
_SHOWN = str.maketrans(STORED_LETTERS, ascii_lowercase)


def stored_name(name: str) -> str:
    """The stored form of an Oracle name; a stored name is returned unchanged."""
    return name.translate(_STORED)


def column_title(stored: str) -> str:
    """The Oracle name of a result's column; a file's own small letters become capitals."""
    return shown_name(stored.translate(_CAPITALS))


def shown_name(stored: str) -> str:
    """Convert stored names in a text to Oracle's names."""
    return stored if stored.isascii() else stored.translate(_SHOWN)
