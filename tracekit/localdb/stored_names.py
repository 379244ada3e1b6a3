"""How names that keep their letter case are held in DuckDB, whose own names ignore it.

`"id"` and `ID` are two names in Oracle and one in DuckDB. So each small Latin letter of a quoted
name is held as a private-use character; a name without quotes is in capitals and stays as it is.
Everything behind the lexer works with held names; what a client receives is translated back.
"""

from __future__ import annotations

from string import ascii_lowercase

_FIRST = 0xF0000
"""Of Unicode's plane 15, which no standard assigns."""

HELD_LETTERS = "".join(chr(_FIRST + ord(letter)) for letter in ascii_lowercase)
"""What stands for a to z."""
_CAPITALS = str.maketrans(ascii_lowercase, ascii_lowercase.upper())
_HELD = str.maketrans(ascii_lowercase, HELD_LETTERS)
_SHOWN = str.maketrans(HELD_LETTERS, ascii_lowercase)


def held_name(name: str) -> str:
    """The name in DuckDB of an Oracle name; one that is held already stays as it is."""
    return name.translate(_HELD)


def column_title(held: str) -> str:
    """A result's column as Oracle names it; a file's own small letters are capitals there."""
    return shown_name(held.translate(_CAPITALS))


def shown_name(held: str) -> str:
    """A text that may contain held names, with Oracle's names in it."""
    return held if held.isascii() else held.translate(_SHOWN)
