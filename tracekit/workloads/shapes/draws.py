"""Random draws by position: the same everywhere, in any order, whatever the version of numpy."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
_U64 = np.uint64
_GAMMA = _U64(0x9E3779B97F4A7C15)
_ROUNDS = 4


def stream_of(*parts: object) -> int:
    """A number that names a stream of draws: equal parts, equal draws."""
    text = "\x00".join(map(str, parts)).encode("utf-8")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def bits(positions: npt.NDArray[np.integer], stream: int) -> npt.NDArray[np.uint64]:
    """64 random bits for each position (splitmix64)."""
    with np.errstate(over="ignore"):
        z = positions.astype(_U64) * _GAMMA + _U64(stream)
        z = (z ^ (z >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> _U64(27))) * _U64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> _U64(31)))


def shares(positions: npt.NDArray[np.integer], stream: int) -> npt.NDArray[np.float64]:
    """A random share for each position, from 0 to below 1."""
    return np.asarray((bits(positions, stream) >> _U64(11)).astype(np.float64) * 2.0**-53)


def below(positions: npt.NDArray[np.integer], stream: int, limits: Places) -> Places:
    """A random whole number for each position, from 0 to below its limit."""
    return np.minimum((shares(positions, stream) * limits).astype(np.int64), limits - 1)


def shuffled(positions: npt.NDArray[np.integer], stream: int, size: int) -> Places:
    """Where each position of 0 to below `size` goes in a random order of all of them.

    A Feistel network on the next power of four, walked until it comes back below `size`.
    """
    half_bits = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = _U64((1 << half_bits) - 1)
    shift = _U64(half_bits)
    places = positions.astype(_U64)
    pending = np.arange(len(places))
    while len(pending):
        value = places[pending]
        left, right = value >> shift, value & mask
        for number in range(_ROUNDS):
            left, right = right, left ^ (bits(right, stream ^ (number + 1)) & mask)
        value = (left << shift) | right
        places[pending] = value
        pending = pending[value >= _U64(size)]
    return places.astype(np.int64)
