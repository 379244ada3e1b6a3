"""Fixtures of tests that measure their own process."""

from __future__ import annotations

import pytest

_SMALL = 480
"""Bytes of an object that pymalloc places; larger than 512 would be malloc's."""
_ROOM_BYTES = 4 * 2**20


@pytest.fixture
def _room_for_small_objects() -> object:
    """Arenas that are almost free, so that no measured stretch happens to need a new one.

    An arena is 1 MiB, and memray charges it to whoever makes the first object in it.
    """
    held = [bytes(_SMALL) for _ in range(_ROOM_BYTES // _SMALL)]
    return held[::1000]  # an arena with an object in it is not returned
