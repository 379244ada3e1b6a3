"""Ways to spoil what a client sends: flipped, cut, spliced, repeated, lied about."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from tests.fuzz.wire import data_packets, payload_of

LENGTHS = (
    b"\x00",
    b"\x01\x00",
    b"\x01\xff",
    b"\x02\xff\xff",
    b"\x04\xff\xff\xff\xff",
    b"\x04\x7f\xff\xff\xff",
    b"\x04\x04\x00\x00\x00",
    b"\x03\x10\x00\x00",
    b"\x08" + b"\xff" * 8,
    b"\x08\x7f" + b"\xff" * 7,
    b"\x09" + b"\x01" * 9,
    b"\x81\x01",
    b"\x84\xff\xff\xff\xff",
    b"\xfc",
    b"\xfd",
    b"\xfd\x01",
    b"\xfe",
    b"\xfe\x00",
    b"\xfe\x02\x7f\xff",
    b"\xfe\x04\xff\xff\xff\xff",
    b"\xff",
)
"""Lengths and counts that are not true: none, too many, negative, escapes, chunks without end."""
_FUNCTIONS = (4, 5, 9, 14, 15, 78, 94, 96, 103, 105, 115, 118, 135, 147, 152, 154, 176, 199, 200)


def flip(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Some bits or bytes changed."""
    spoiled = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8, 16))):
        at = rng.randrange(len(spoiled))
        spoiled[at] = rng.choice((spoiled[at] ^ (1 << rng.randrange(8)), rng.randrange(256)))
    return bytes(spoiled)


def cut(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Ends early."""
    return data[: rng.randrange(len(data) + 1)]


def splice(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """The head of one message and the tail of another."""
    return data[: rng.randrange(len(data) + 1)] + donor[rng.randrange(len(donor) + 1) :]


def lie(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """A length or count that is not true, in place of what was there or between."""
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(spoiled) + 1)
        spoiled[at : at + rng.choice((0, 1, 1, 2, 3))] = rng.choice(LENGTHS)
    return bytes(spoiled)


def repeat(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """A part repeated, left out, or moved."""
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    part = data[start:end]
    kind = rng.randrange(3)
    if kind == 0:
        return data[:end] + part * rng.choice((1, 2, 50)) + data[end:]
    rest = data[:start] + data[end:]
    at = rng.randrange(len(rest) + 1)
    return rest if kind == 1 else rest[:at] + part + rest[at:]


def invent(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Random bytes, mostly behind the header of a function or piggyback."""
    header = bytes((rng.choice((3, 17)), rng.choice(_FUNCTIONS), rng.randrange(256), 0))
    noise = rng.randbytes(rng.choice((0, 3, 20, 100, 600)))
    small = bytes(rng.choice((0, 0, 1, 1, 2, 5, 0xFE)) for _ in range(rng.randrange(80)))
    return rng.choice((header, header, data[:4], b"")) + rng.choice((noise, small))


def follow(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Another message behind this one, without waiting for an answer."""
    return data + rng.choice((flip, lie, cut))(rng, donor, data)


MUTATIONS: Sequence[Callable[[random.Random, bytes, bytes], bytes]] = (
    flip,
    flip,
    cut,
    splice,
    lie,
    lie,
    lie,
    repeat,
    invent,
    follow,
)


def spoil(rng: random.Random, packets: bytes, donor: bytes) -> bytes:
    """Spoil a request: mostly its content, packed anew; sometimes the packets themselves.

    Args:
        rng: decides everything.
        packets: the request; a CONNECT, whose lengths are short, is spoiled as it is.
        donor: the content of another request.
    """
    content = payload_of(packets)
    if content is None or rng.random() < 0.08:
        return _spoil_packets(rng, packets)
    for _ in range(rng.choice((1, 1, 1, 2))):
        content = rng.choice(MUTATIONS)(rng, content, donor)
    flags = rng.choice((0, 0, 0, 0, 0x0800, 0x0040, rng.randrange(65_536)))
    smallest = 11 if len(content) < 200 else 200
    return data_packets(content, flags, sdu=rng.choice((8192, 8192, 8192, 8192, 512, smallest)))


def _spoil_packets(rng: random.Random, packets: bytes) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return flip(rng, packets, b"")
    if kind == 1:
        return lie(rng, packets, b"") if rng.random() < 0.5 else cut(rng, packets, b"")
    if kind == 2:
        head = struct.pack(
            ">IBBH", rng.choice((0, 7, 8, 9, 11, 4096, 2 << 20, 1 << 31)), rng.randrange(20), 0, 0
        )
        return head + rng.randbytes(rng.randrange(40))
    markers = b"".join(
        struct.pack(">IBBHBBB", 11, 12, 0, 0, 1, 0, rng.choice((1, 2, 3, 3, 0, 9)))
        for _ in range(rng.randrange(1, 5))
    )
    return rng.choice((markers + packets, packets + markers, markers))
