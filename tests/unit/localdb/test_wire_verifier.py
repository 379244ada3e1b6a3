from __future__ import annotations

import hashlib
import secrets

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tracekit.localdb.wire.verifier import VERIFIER_12C, Challenge, Verifier


def _aes(key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    cipher = Cipher(AES(key), CBC(bytes(16)))
    run = cipher.encryptor() if encrypt else cipher.decryptor()
    return run.update(data) + run.finalize()


class _Client:
    """The client's half of the login, from the fact sheet."""

    def __init__(self, challenge: Challenge, password: str, sent: str | None = None) -> None:
        pairs = {pair.key: pair for pair in challenge.pairs()}
        assert pairs["AUTH_VFR_DATA"].flags == VERIFIER_12C
        salt = bytes.fromhex(pairs["AUTH_VFR_DATA"].value)
        rounds = int(pairs["AUTH_PBKDF2_VGEN_COUNT"].value)
        slow = hashlib.pbkdf2_hmac(
            "sha512", password.encode(), salt + b"AUTH_PBKDF2_SPEEDY_KEY", rounds, 64
        )
        key = hashlib.sha512(slow + salt).digest()[:32]
        server = _aes(key, bytes.fromhex(pairs["AUTH_SESSKEY"].value), encrypt=False)
        own = secrets.token_bytes(32)
        self.session_key = _aes(key, own, encrypt=True).hex().upper()
        self.combined = hashlib.pbkdf2_hmac(
            "sha512",
            (own + server).hex().upper().encode(),
            bytes.fromhex(pairs["AUTH_PBKDF2_CSK_SALT"].value),
            int(pairs["AUTH_PBKDF2_SDER_COUNT"].value),
            32,
        )
        text = secrets.token_bytes(16) + (sent or password).encode()
        pad = 16 - len(text) % 16
        padded = text + bytes([pad]) * pad
        self.password = _aes(self.combined, padded, encrypt=True).hex().upper()


@pytest.mark.parametrize("password", ["tiger", "密碼-0123456789-0123456789", "x" * 16])
def test_who_knows_the_password_gets_the_servers_proof(password: str) -> None:
    challenge = Challenge(Verifier.from_password(password))
    client = _Client(challenge, password)
    proof = challenge.check(client.session_key, client.password, password)
    assert proof is not None
    assert _aes(client.combined, bytes.fromhex(proof), encrypt=False)[16:32] == b"SERVER_TO_CLIENT"


def test_a_wrong_password_gets_nothing() -> None:
    challenge = Challenge(Verifier.from_password("tiger"))
    client = _Client(challenge, "lion")
    assert challenge.check(client.session_key, client.password, "tiger") is None


def test_knowing_the_verifier_does_not_replace_the_password() -> None:
    challenge = Challenge(Verifier.from_password("tiger"))
    client = _Client(challenge, "tiger", sent="lion")
    assert challenge.check(client.session_key, client.password, "tiger") is None


def test_nobodys_verifier_lets_nobody_in() -> None:
    challenge = Challenge(Verifier.of_nobody())
    client = _Client(challenge, "tiger")
    assert challenge.check(client.session_key, client.password, "tiger") is None


def test_an_answer_serves_one_challenge_only() -> None:
    verifier = Verifier.from_password("tiger")
    client = _Client(Challenge(verifier), "tiger")
    assert Challenge(verifier).check(client.session_key, client.password, "tiger") is None


@pytest.mark.parametrize(
    ("session_key", "password"),
    [("", ""), ("zz", "00"), ("00", "00"), ("AB" * 32, ""), ("AB" * 32, "CD" * 7), ("", "AB" * 32)],
)
def test_nonsense_gets_nothing(session_key: str, password: str) -> None:
    challenge = Challenge(Verifier.from_password("tiger"))
    assert challenge.check(session_key, password, "tiger") is None


def test_secrets_are_not_shown() -> None:
    challenge = Challenge(Verifier.from_password("tiger"))
    assert challenge.verifier.key.hex() not in repr(challenge)
    assert all(len(pair.value) < 6 or pair.value not in repr(pair) for pair in challenge.pairs())
