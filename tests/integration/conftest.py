"""Real parts that several files start alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tracekit.testbed import LocalOracle

if TYPE_CHECKING:  # the tests under pandas 2.3 have no store
    from redis import Redis

    from tracekit.jobs import EmbeddedStore


@pytest.fixture(scope="module")
def oracle() -> Iterator[LocalOracle]:
    """A local Oracle with the smallest workload."""
    with LocalOracle("trace-tiny") as running:
        yield running


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    """A store of its own."""
    from tracekit.jobs import EmbeddedStore

    with EmbeddedStore() as running:
        yield running


@pytest.fixture
def redis(store: EmbeddedStore) -> Iterator[Redis]:
    """A client of the store, which is empty."""
    with store.client() as client:
        client.flushall()
        yield client
