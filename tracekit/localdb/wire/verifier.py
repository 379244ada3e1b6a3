"""The 12c password verifier: both sides prove that they know the password without sending it.

The server sends A, encrypted with H, a hash of the password. The client answers with B, encrypted
with H, and the password, encrypted with a key derived from A and B. Mirrors `_generate_verifier` in
`impl/thin/messages/auth.pyx`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from tracekit.localdb.wire.messages.auth import AuthPair

VERIFIER_12C = 0x4815
"""Sent as the flags of AUTH_VFR_DATA: the verifier that the salt is for."""
_VERIFIER_ROUNDS = 4096
_SESSION_KEY_ROUNDS = 3
_BLOCK_BYTES = 16
_KEY_BYTES = 32
_SERVER_PROOF = b"SERVER_TO_CLIENT"


@dataclass(frozen=True)
class Verifier:
    """What a database stores for a password: a salt and a salted, slow hash."""

    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def from_password(cls, password: str, salt: bytes | None = None) -> Verifier:
        """Make the verifier of `password`, with a random salt unless one is given."""
        salt = salt or secrets.token_bytes(_BLOCK_BYTES)
        slow = hashlib.pbkdf2_hmac(
            "sha512", password.encode("utf-8"), salt + b"AUTH_PBKDF2_SPEEDY_KEY", _VERIFIER_ROUNDS
        )
        return cls(salt, hashlib.sha512(slow + salt).digest()[:_KEY_BYTES])

    @classmethod
    def of_nobody(cls) -> Verifier:
        """Make a verifier that no password matches, so that unknown users look like known ones."""
        return cls(secrets.token_bytes(_BLOCK_BYTES), secrets.token_bytes(_KEY_BYTES))


@dataclass(frozen=True)
class Challenge:
    """The secrets of a login between its two phases."""

    verifier: Verifier = field(repr=False)
    server_part: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(_KEY_BYTES))
    session_salt: bytes = field(
        repr=False, default_factory=lambda: secrets.token_bytes(_BLOCK_BYTES)
    )

    def pairs(self) -> tuple[AuthPair, ...]:
        """The pairs in the reply to phase one."""
        return (
            AuthPair("AUTH_SESSKEY", _hex(_encrypt(self.verifier.key, self.server_part)), 1),
            AuthPair("AUTH_VFR_DATA", _hex(self.verifier.salt), VERIFIER_12C),
            AuthPair("AUTH_PBKDF2_CSK_SALT", _hex(self.session_salt)),
            AuthPair("AUTH_PBKDF2_VGEN_COUNT", str(_VERIFIER_ROUNDS)),
            AuthPair("AUTH_PBKDF2_SDER_COUNT", str(_SESSION_KEY_ROUNDS)),
        )

    def check(self, session_key: str, password: str, expected: str) -> str | None:
        """Return the server's proof if phase two shows knowledge of `expected`; otherwise None.

        Args:
            session_key: AUTH_SESSKEY of phase two, in hexadecimal.
            password: AUTH_PASSWORD of phase two, in hexadecimal.
            expected: The user's password.
        """
        try:
            client_part = _decrypt(self.verifier.key, bytes.fromhex(session_key))
            combined = client_part[:_KEY_BYTES] + self.server_part[:_KEY_BYTES]
            key = hashlib.pbkdf2_hmac(
                "sha512",
                _hex(combined).encode("ascii"),
                self.session_salt,
                _SESSION_KEY_ROUNDS,
                _KEY_BYTES,
            )
            given = _unpad(_decrypt(key, bytes.fromhex(password)))[_BLOCK_BYTES:]
        except ValueError:  # wrong hex, block size or padding: not made with our key
            return None
        if not hmac.compare_digest(given, expected.encode("utf-8")):
            return None
        return _hex(_encrypt(key, _pad(secrets.token_bytes(_BLOCK_BYTES) + _SERVER_PROOF)))


def _hex(data: bytes) -> str:
    return data.hex().upper()


def _encrypt(key: bytes, data: bytes) -> bytes:
    cipher = Cipher(AES(key), CBC(bytes(_BLOCK_BYTES))).encryptor()
    return cipher.update(data) + cipher.finalize()


def _decrypt(key: bytes, data: bytes) -> bytes:
    cipher = Cipher(AES(key), CBC(bytes(_BLOCK_BYTES))).decryptor()
    return cipher.update(data) + cipher.finalize()


def _pad(data: bytes) -> bytes:
    padder = PKCS7(_BLOCK_BYTES * 8).padder()
    return padder.update(data) + padder.finalize()


def _unpad(data: bytes) -> bytes:
    unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
    return unpadder.update(data) + unpadder.finalize()
