"""The client's side of the wire: requests as lists of packets, and the live parts of a login."""

from __future__ import annotations

import hashlib
import re
import secrets
import struct
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.packets import DATA_FLAG_END_OF_RESPONSE, PacketReader, PacketType
from tracekit.localdb.wire.primitives import TtcReader

SDU = 8192
_LOCATOR = re.compile(rb"\x00\x26\x00\x04.{36}", re.DOTALL)


@dataclass(frozen=True)
class Turn:
    """What a client sent until the server answered, and the answer."""

    request: bytes
    """Whole packets; the first turn's (CONNECT) have short lengths."""
    response: bytes


@dataclass(frozen=True)
class Recording:
    """A session of a real client: connect, two turns of logging on, and what it did then."""

    name: str
    turns: tuple[Turn, ...] = field(repr=False)


def data_packets(payload: bytes, flags: int = 0, sdu: int = SDU) -> bytes:
    """`payload` in DATA packets of at most `sdu` bytes with long lengths."""
    pieces = [payload[i : i + sdu - 10] for i in range(0, len(payload), sdu - 10)] or [b""]
    return b"".join(struct.pack(">IBBHH", 10 + len(p), 6, 0, 0, flags) + p for p in pieces)


def payload_of(packets: bytes) -> bytes | None:
    """What DATA packets with long lengths carry; None where others are among them."""
    reader = PacketReader()
    reader.long_lengths = True
    try:
        found = list(reader.feed(packets))
    except RemoteWireError:  # a CONNECT
        return None
    if any(packet.type != PacketType.DATA for packet in found):
        return None
    return b"".join(packet.payload for packet in found)


def is_complete(response: bytes, *, long_lengths: bool) -> bool:
    """Whether a server's answer ends here, so that the client may go on."""
    reader = PacketReader()
    reader.long_lengths = long_lengths
    if not long_lengths:
        return len(response) >= 8 and len(response) >= int.from_bytes(response[:2], "big")
    last = None
    for packet in reader.feed(response):
        last = packet
    if last is None:
        return False
    return last.type != PacketType.DATA or bool(last.data_flags & DATA_FLAG_END_OF_RESPONSE)


class LivePlayer:
    """Plays a recording against a live server, whose secrets and locators differ from then."""

    def __init__(self, recording: Recording, password: str) -> None:
        self.recording = recording
        self._password = password
        self._swaps: dict[bytes, bytes] = {}

    def request(self, index: int) -> bytes:
        """The packets of a turn, with this session's secrets and locators put in."""
        packets = self.recording.turns[index].request
        payload = payload_of(packets) if index and self._swaps else None
        if payload is None or not any(old in payload for old in self._swaps):
            return packets
        for old, new in self._swaps.items():
            payload = payload.replace(old, new)
        return data_packets(payload)

    def answered(self, index: int, response: bytes) -> None:
        """Learn what to put in from now on from what the server said to a turn."""
        then = self.recording.turns[index].response
        if index == 1:
            self._swaps = self._login_swaps(then, response)
        elif index > 1:
            self._swaps.update(zip(_locators(then), _locators(response), strict=False))

    def _login_swaps(self, then: bytes, now: bytes) -> dict[bytes, bytes]:
        """AUTH_SESSKEY and AUTH_PASSWORD of phase two, by what phase one was answered."""
        sent = _pairs_sent(self.recording.turns[2].request)
        key, password = answer_challenge(_pairs_said(now), self._password)
        return {
            sent["AUTH_SESSKEY"]: key.encode("ascii"),
            sent["AUTH_PASSWORD"]: password.encode("ascii"),
        }


def answer_challenge(pairs: dict[str, bytes], password: str) -> tuple[str, str]:
    """AUTH_SESSKEY and AUTH_PASSWORD by which a client shows that it knows the password."""
    salt = bytes.fromhex(pairs["AUTH_VFR_DATA"].decode("ascii"))
    rounds = int(pairs["AUTH_PBKDF2_VGEN_COUNT"])
    key = _verifier_key(password, salt, rounds)
    server = _aes(key, bytes.fromhex(pairs["AUTH_SESSKEY"].decode("ascii")), encrypt=False)
    own = secrets.token_bytes(32)
    combined = hashlib.pbkdf2_hmac(
        "sha512",
        (own + server[:32]).hex().upper().encode("ascii"),
        bytes.fromhex(pairs["AUTH_PBKDF2_CSK_SALT"].decode("ascii")),
        int(pairs["AUTH_PBKDF2_SDER_COUNT"]),
        32,
    )
    text = secrets.token_bytes(16) + password.encode("utf-8")
    pad = 16 - len(text) % 16
    sealed = _aes(combined, text + bytes([pad]) * pad, encrypt=True)
    return _aes(key, own, encrypt=True).hex().upper(), sealed.hex().upper()


@cache
def _verifier_key(password: str, salt: bytes, rounds: int) -> bytes:
    slow = hashlib.pbkdf2_hmac(
        "sha512", password.encode("utf-8"), salt + b"AUTH_PBKDF2_SPEEDY_KEY", rounds, 64
    )
    return hashlib.sha512(slow + salt).digest()[:32]


def _aes(key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    cipher = Cipher(AES(key), CBC(bytes(16)))
    run = cipher.encryptor() if encrypt else cipher.decryptor()
    return run.update(data) + run.finalize()


def _locators(packets: bytes) -> list[bytes]:
    return _LOCATOR.findall(payload_of(packets) or b"")


def _pairs_said(packets: bytes) -> dict[str, bytes]:
    """Keys and values of phase one's answer; they come last, behind other messages."""
    payload = payload_of(packets) or b""
    start = payload.index(b"AUTH_SESSKEY")
    reader = TtcReader(payload[start - 3 :])
    pairs: dict[str, bytes] = {}
    while reader.available and reader.peek() != MessageType.STATUS:
        key = reader.bytes2().decode("ascii")
        pairs[key] = reader.bytes2()
        reader.ub4()
    return pairs


def _pairs_sent(packets: bytes) -> dict[str, bytes]:
    """The hexadecimal values of phase two as they were recorded."""
    payload = payload_of(packets) or b""
    return {
        name: match[1]
        for name in ("AUTH_SESSKEY", "AUTH_PASSWORD")
        if (match := re.search(name.encode("ascii") + rb"[^0-9A-F]+([0-9A-F]{64,})", payload))
    }
