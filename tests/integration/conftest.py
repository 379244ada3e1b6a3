"""Real parts that several files start alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from tracekit.jobs import EmbeddedStore
from tracekit.testbed import LocalOracle


@pytest.fixture(scope="module")
def oracle() -> Iterator[LocalOracle]:
    """A local Oracle with the smallest workload."""
    with LocalOracle("trace-tiny") as running:
        yield running


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    """A store of its own."""
    with EmbeddedStore() as running:
        yield running


@pytest.fixture
def redis(store: EmbeddedStore) -> Iterator[Redis]:
    """A client of the store, which is empty."""
    with store.client() as client:
        client.flushall()
        yield client
