"""Functions of the bytes and codes of text, in Python for DuckDB to call."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from tracekit.localdb.translate.positions import nth_position

_ESCAPE = re.compile(r"\\(\\|[0-9A-Fa-f]{4})|\\")
_SOUNDS = {
    letter: digit
    for digit, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), start=1)
    for letter in letters
}
DIGESTS = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
"""The methods of STANDARD_HASH."""


def ascii_string(text: str) -> str:
    r"""ASCIISTR: write characters outside ASCII as \xxxx, their UTF-16 code units."""
    written: list[str] = []
    for character in text:
        if character.isascii() and character != "\\":
            written.append(character)
        else:
            units = character.encode("utf-16-be", "surrogatepass")
            written += [f"\\{units[i : i + 2].hex().upper()}" for i in range(0, len(units), 2)]
    return "".join(written)


def unicode_string(text: str) -> str:
    r"""UNISTR: decode \xxxx as UTF-16 code units.

    Raises:
        ValueError: ORA-30186 if a backslash is followed by neither four digits nor a backslash.
    """

    def unit(match: re.Match[str]) -> str:
        if match[1] is None:
            raise ValueError("ORA-30186: '\\' must be followed by four hexadecimal characters")
        return "\\" if match[1] == "\\" else chr(int(match[1], 16))

    read = _ESCAPE.sub(unit, text)
    return read.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def first_code(text: str) -> int:
    """ASCII: the bytes of the first character, as a number."""
    return int.from_bytes(text[:1].encode("utf-8"), "big")


def of_code(code: int) -> str:
    """CHR: the character with these bytes.

    Raises:
        ValueError: ORA-01426 if there is no such character.
    """
    if not 0 <= code < 1 << 32:
        raise ValueError("ORA-01426: numeric overflow")
    size = max(1, (code.bit_length() + 7) // 8)
    return code.to_bytes(size, "big").decode("utf-8", "replace")


def byte_substring(text: str, position: int, length: int) -> str:
    """SUBSTRB: a part of text by bytes; the bytes of a split character become blanks."""
    data = text.encode("utf-8")
    start = position - 1 if position > 0 else len(data) + position if position else 0
    if start < 0 or start >= len(data) or length < 1:
        return ""
    end = min(start + length, len(data))
    left, right = start, end
    while left < end and data[left] & 0xC0 == 0x80:
        left += 1
    while right > left and right < len(data) and data[right] & 0xC0 == 0x80:
        right -= 1
    return " " * (left - start) + data[left:right].decode("utf-8") + " " * (end - max(right, left))


def byte_position(text: str, part: str, start: int, occurrence: int) -> int:
    """INSTRB: like INSTR, but in bytes."""
    return nth_position(text.encode("utf-8"), part.encode("utf-8"), start, occurrence)


def digest(data: bytes, method: str) -> bytes:
    """STANDARD_HASH."""
    return hashlib.new(method.lower(), data, usedforsecurity=False).digest()


def soundex(text: str) -> str:
    """SOUNDEX: the first letter, and three digits for the sounds after it."""
    letters = [one for one in text.upper() if one.isascii() and one.isalpha()]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDS.get(letters[0])
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter)
        if sound is not None and sound != last:
            code += str(sound)
        if letter not in "HW":
            last = sound
    return code[:4].ljust(4, "0")


def wide_pad(text: str, columns: int, fill: str, on_left: bool) -> str:
    """LPAD and RPAD of text that is not only ASCII.

    Raises:
        ValueError: ORA-03001 if a character of two columns would have to be cut in half.
    """
    fitting = _fitting(text, columns)
    left = columns - _columns(fitting)
    if fitting != text or not fill:
        if left and fitting != text:
            raise ValueError(_HALVED)
        return fitting
    padding = _fitting(fill * (left // _columns(fill) + 1), left)
    if _columns(padding) < left:
        raise ValueError(_HALVED)
    return padding + text if on_left else text + padding


_HALVED = (
    "ORA-03001: unimplemented feature: LPAD or RPAD that ends in the middle of a wide character"
)


def _columns(text: str) -> int:
    """The columns of a screen that text takes: two for each East Asian wide character."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _fitting(text: str, columns: int) -> str:
    """As much of the start of a text as fits into so many columns."""
    left = columns
    for i, character in enumerate(text):
        left -= _columns(character)
        if left < 0:
            return text[:i]
    return text


TEXT_CODES: dict[str, Callable[..., Any]] = {
    "ora_asciistr": ascii_string,
    "ora_unistr": unicode_string,
    "ora_ascii_code": first_code,
    "ora_chr": of_code,
    "ora_byte_substring": byte_substring,
    "ora_byte_position": byte_position,
    "ora_digest": digest,
    "ora_sound": soundex,
    "ora_wide_pad": wide_pad,
}
