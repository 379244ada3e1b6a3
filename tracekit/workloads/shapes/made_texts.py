"""Generate texts and binaries from numbers: equal numbers give equal values, others do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracekit.records.shape import EXACT_CHARS
from tracekit.workloads.shapes.draws import Places, shares, stream_of

CodePoints = npt.NDArray[np.uint32]

_PLAIN = np.array(
    [ord(c) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"]
)
_PLAIN_COUNT = len(_PLAIN)
_ENOUGH = 2**62


@dataclass(frozen=True)
class _Alphabet:
    """The characters that make a text wide."""

    first: int
    count: int
    utf8_bytes: int


_WIDE = {
    "latin1": _Alphabet(0xC0, 64, 2),
    "bmp": _Alphabet(0x4E00, 16_384, 3),
    "astral": _Alphabet(0x20000, 16_384, 4),
}


@dataclass(frozen=True)
class TextRange:
    """Texts of one width, within one range of lengths.

    Args:
        width: See `TEXT_WIDTHS`.
        most_chars: The upper end of the range.
        mean_chars: The mean number of characters.
        mean_bytes: The mean number of bytes in UTF-8.
    """

    width: str
    most_chars: int
    mean_chars: float
    mean_bytes: float

    @property
    def capacity(self) -> int:
        """The number of distinct texts."""
        chars = max(1, int(self.mean_chars))
        wide = min(chars, max(1, int(self._wide_chars))) if self.width in _WIDE else 0
        radix = _WIDE[self.width].count if wide else 1
        return int(min(_ENOUGH, radix**wide * _PLAIN_COUNT ** (chars - wide)))

    def texts(self, numbers: Places, limit: int | None) -> list[str]:
        """The texts with these numbers, each less than `capacity`.

        Args:
            numbers: The numbers of the texts.
            limit: The maximum number of characters.
        """
        chars = self._chars(numbers, limit or 2**31)
        wide = self._wide(numbers, chars)
        head = np.minimum(chars, EXACT_CHARS)
        points = _digits(numbers, head, np.minimum(wide, head), self.width)
        texts: list[str] = points.view(f"<U{points.shape[1]}").ravel().tolist()
        if self.most_chars <= EXACT_CHARS:
            return texts
        filler = chr(_WIDE[self.width].first) if self.width in _WIDE else "0"
        return [
            text
            + filler * max(0, wide_chars - len(text))
            + "0" * (length - max(len(text), wide_chars))
            for text, length, wide_chars in zip(texts, chars.tolist(), wide.tolist(), strict=True)
        ]

    @property
    def _wide_chars(self) -> float:
        return (self.mean_bytes - self.mean_chars) / (_WIDE[self.width].utf8_bytes - 1)

    def _chars(self, numbers: Places, limit: int) -> Places:
        return _lengths(numbers, self.most_chars, self.mean_chars, limit)

    def _wide(self, numbers: Places, chars: Places) -> Places:
        """The number of wide characters at the start of each text."""
        if self.width not in _WIDE:
            return np.zeros_like(chars)
        share = self._wide_chars / max(self.mean_chars, 1e-9)
        wanted = share * chars
        drawn = np.floor(wanted + shares(numbers, _WIDE_STREAM)).astype(np.int64)
        return np.clip(drawn, 1, chars)


@dataclass(frozen=True)
class BinaryRange:
    """Binaries within one range of lengths."""

    most_bytes: int
    mean_bytes: float

    @property
    def capacity(self) -> int:
        """The number of distinct values."""
        return int(min(_ENOUGH, 256 ** max(1, int(self.mean_bytes))))

    def binaries(self, numbers: Places, limit: int | None) -> list[bytes]:
        """The binaries with these numbers."""
        lengths = _lengths(numbers, self.most_bytes, self.mean_bytes, limit or 2**31)
        return [
            number.to_bytes(8, "little")[:length].ljust(length, b"\0")
            for number, length in zip(numbers.tolist(), lengths.tolist(), strict=True)
        ]


_LENGTH_STREAM = stream_of("length")
_WIDE_STREAM = stream_of("wide")
_SPREAD = 0.08


def _lengths(numbers: Places, most: int, mean: float, limit: int) -> Places:
    """Lengths with the given mean; they vary a little if the range has many lengths."""
    draws = shares(numbers, _LENGTH_STREAM)
    if most <= EXACT_CHARS:
        return np.minimum(np.floor(mean + draws), limit).astype(np.int64)
    spread = mean * (1 - _SPREAD / 2 + _SPREAD * draws)
    return np.clip(np.round(spread), 1, limit).astype(np.int64)


def _digits(numbers: Places, chars: Places, wide: Places, width: str) -> CodePoints:
    """Code points, one row per text with NUL after its end: the number's digits, lowest first."""
    most = max(1, int(chars.max(initial=1)))
    points = np.zeros((len(numbers), most), np.uint32)
    rest = numbers.astype(np.int64).copy()
    alphabet = _WIDE.get(width)
    for place in range(most):
        plain = _PLAIN[rest % _PLAIN_COUNT]
        radix: npt.NDArray[np.int64] | int = _PLAIN_COUNT
        if alphabet is not None:
            is_wide = place < wide
            plain = np.where(is_wide, alphabet.first + rest % alphabet.count, plain)
            radix = np.where(is_wide, alphabet.count, _PLAIN_COUNT)
        points[:, place] = np.where(place < chars, plain, 0)
        rest //= radix
    return points
