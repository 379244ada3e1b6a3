"""Mutated sessions of the real driver: `make fuzz` in small, with a fixed seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fuzz.cases import LOGIN_TURNS, Case, Failure
from tests.fuzz.codec import CodecFuzz
from tests.fuzz.mutations import spoil
from tests.fuzz.sockets import SocketFuzz
from tests.fuzz.wire import data_packets, payload_of
from tracekit.localdb.session import Session

SEED = 20_261_123
CODEC_CASES, SOCKET_CASES = 20_000, 500


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def codec() -> CodecFuzz:
    return CodecFuzz(SEED)


@pytest.fixture(scope="module")
def server() -> Iterator[SocketFuzz]:
    with closing(SocketFuzz(SEED)) as running:
        yield running


def test_the_codec_survives_what_clients_send(codec: CodecFuzz) -> None:
    before = sum(codec.outcomes.values())
    codec.run(range(CODEC_CASES))
    assert sum(codec.outcomes.values()) == before + CODEC_CASES
    # Not all die at once: cases reach the calls, and some messages stay valid.
    assert codec.outcomes["unreadable request"] > CODEC_CASES / 10
    assert codec.outcomes["closed by the client"] > CODEC_CASES / 10
    assert codec.outcomes["logged off"] > 0


def test_the_server_survives_what_clients_send(server: SocketFuzz) -> None:
    server.run(range(SOCKET_CASES))
    assert server.clients == SOCKET_CASES


def test_recorded_sessions_are_those_of_the_real_driver(codec: CodecFuzz) -> None:
    names = {recording.name for recording in codec.recordings}
    assert names == {"fetch", "binds", "changes", "lobs", "lob_columns", "session"}
    for recording in codec.recordings:
        assert len(recording.turns) > LOGIN_TURNS + 5, recording.name
        assert recording.turns[0].request[4] == 1  # CONNECT
        assert b"AUTH_SESSKEY" in recording.turns[2].request


def test_a_case_is_made_from_its_seed_and_number_alone(codec: CodecFuzz) -> None:
    one, other = (Case.make(SEED, 7, codec.recordings) for _ in range(2))
    request = codec.recordings[0].turns[3].request
    assert one == other
    assert one.spoiled(request) == other.spoiled(request)
    assert one.spoiled(request) != Case.make(SEED, 8, codec.recordings).spoiled(request)


def test_a_defect_in_the_server_is_found(codec: CodecFuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Session, code: int) -> None:
        raise KeyError(code)

    monkeypatch.setattr(Session, "_simple_call", broken)
    with pytest.raises(Failure, match=f"KeyError.*\n.*--seed {SEED} --only [0-9]+"):
        codec.run(range(500))


def test_packets_are_packed_and_unpacked() -> None:
    payload = random.Random(1).randbytes(20_000)
    assert payload_of(data_packets(payload)) == payload
    assert payload_of(data_packets(payload, sdu=100)) == payload
    marker = struct.pack(">IBBHBBB", 11, 12, 0, 0, 1, 0, 3)
    assert payload_of(marker + data_packets(b"x")) is None
    assert isinstance(spoil(random.Random(3), data_packets(b"abc"), b"donor"), bytes)
