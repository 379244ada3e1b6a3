"""Random draws by position: the same on every machine, in any order, with every numpy version."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
_U64 = np.uint64
_GAMMA = _U64(0x9E3779B97F4A7C15)
_ROUNDS = 4


def stream_of(*parts: object) -> int:
    """The number of a stream of draws; equal parts give the same stream."""
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
    """A random number from 0 up to, not including, 1 for each position."""
    return np.asarray((bits(positions, stream) >> _U64(11)).astype(np.float64) * 2.0**-53)


def below(positions: npt.NDArray[np.integer], stream: int, limits: Places) -> Places:
    """A random integer from 0 up to, not including, its limit for each position."""
    return np.minimum((shares(positions, stream) * limits).astype(np.int64), limits - 1)


def shuffled(positions: npt.NDArray[np.integer], stream: int, size: int) -> Places:
    """The place of each position from 0 up to `size` in a random order.

    Uses a Feistel network on the next power of four, applied until the result is below `size`.
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
