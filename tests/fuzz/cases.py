"""A case: how far a recorded session is played, and what comes instead of the next request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fuzz.mutations import spoil
from tests.fuzz.wire import Recording, payload_of

LOGIN_TURNS = 3
_SHOWN_BYTES = 4096


class Failure(Exception):
    """A case that the server did not survive as it should; the text says how to repeat it."""


@dataclass(frozen=True)
class Case:
    """One mutated session, made from a seed and a number alone."""

    seed: int
    number: int
    recording: Recording
    first: int
    """The turn after the login with which it begins."""
    turn: int
    """The turn whose request is spoiled."""
    more: int
    """Requests spoiled after it, if the connection is still there."""
    recordings: Sequence[Recording] = field(repr=False)

    @classmethod
    def make(cls, seed: int, number: int, recordings: Sequence[Recording]) -> Case:
        """The case of that number."""
        rng = random.Random(f"{seed} {number}")
        recording = rng.choice(recordings)
        turn = rng.randrange(LOGIN_TURNS)
        if rng.random() < 0.9 and len(recording.turns) > LOGIN_TURNS:
            turn = rng.randrange(LOGIN_TURNS, len(recording.turns))
        first = LOGIN_TURNS if rng.random() < 0.2 else max(LOGIN_TURNS, turn - rng.randrange(4))
        return cls(seed, number, recording, first, turn, rng.choice((0, 0, 1, 3)), recordings)

    @property
    def spoils_login(self) -> bool:
        """Whether the client does not get to log on."""
        return self.turn < LOGIN_TURNS

    def spoiled(self, request: bytes, again: int = 0) -> bytes:
        """What is sent in place of `request`; `again` counts the requests spoiled before."""
        rng = random.Random(f"{self.seed} {self.number} {again}")
        turns = rng.choice(self.recordings).turns
        donor = payload_of(turns[rng.randrange(1, len(turns))].request) or b"\0"
        return spoil(rng, request, donor)

    def failure(self, what: str, sent: bytes) -> Failure:
        """An error that says how to repeat this."""
        return Failure(
            f"{what}\n  case: --seed {self.seed} --only {self.number} (recording "
            f"{self.recording.name!r}, begins at turn {self.first}, spoils turn {self.turn})\n"
            f"  spoiled request ({len(sent):,} bytes): {sent[:_SHOWN_BYTES].hex()}"
        )
