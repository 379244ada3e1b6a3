"""Which allocator Arrow takes memory from while a process is measured."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow as pa
import pytest

from tracekit.profiling.arrow_pool import VARIABLE, ArrowPools, system_arrow_pool

MIB = 2**20


@pytest.fixture(params=pa.supported_memory_backends(), name="own")
def _own(request: pytest.FixtureRequest) -> pa.MemoryPool:
    """Each pool, in turn the one that is used."""
    before = pa.default_memory_pool()
    pool = getattr(pa, f"{request.param}_memory_pool")()
    pa.set_memory_pool(pool)
    yield pool
    pa.set_memory_pool(before)


@pytest.mark.parametrize("chosen", [None, "jemalloc"])
def test_inside_the_block_buffers_come_from_the_system(
    own: pa.MemoryPool, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, chosen)
    with pytest.raises(ZeroDivisionError), system_arrow_pool() as pools:
        assert pa.default_memory_pool().backend_name == "system"
        assert os.environ[VARIABLE] == "system", "for processes that are started"
        buffer = pa.allocate_buffer(8 * MIB)
        assert buffer.size == 8 * MIB
        assert pools.unseen_bytes() == 0
        1 / 0  # noqa: B018
    assert pa.default_memory_pool().backend_name == own.backend_name
    assert os.environ.get(VARIABLE) == chosen


def test_what_arrows_own_pools_hand_out_is_not_seen() -> None:
    names = [name for name in pa.supported_memory_backends() if name != "system"]
    pools = [getattr(pa, f"{name}_memory_pool")() for name in names]
    assert pools
    held = [pa.allocate_buffer(40 * MIB, memory_pool=pool) for pool in pools]  # an earlier peak
    before = ArrowPools()
    assert before.unseen_bytes() == 0
    more = [pa.allocate_buffer(3 * MIB, memory_pool=pool) for pool in pools]
    assert before.unseen_bytes() == pytest.approx(3 * MIB * len(pools), abs=1024)
    system = pa.allocate_buffer(8 * MIB, memory_pool=pa.system_memory_pool())
    assert before.unseen_bytes() == pytest.approx(3 * MIB * len(pools), abs=1024)
    del more, held
    after = ArrowPools()
    again = [pa.allocate_buffer(5 * MIB, memory_pool=pool) for pool in pools]
    assert after.unseen_bytes() == pytest.approx(5 * MIB * len(pools), abs=1024)
    del again, system
    for _ in range(20):  # much in all, little at once
        for pool in pools:
            pa.allocate_buffer(5 * MIB, memory_pool=pool)
    assert 5 * MIB * len(pools) <= after.unseen_bytes() <= 44 * MIB * len(pools)


def test_what_was_handed_out_one_after_the_other_was_not_held_at_once() -> None:
    names = [name for name in pa.supported_memory_backends() if name != "system"]
    pools = [getattr(pa, f"{name}_memory_pool")() for name in names]
    held = [pa.allocate_buffer(300 * MIB, memory_pool=pool) for pool in pools]  # the highest yet
    before = ArrowPools()
    for _ in range(20):
        for pool in pools:
            pa.allocate_buffer(5 * MIB, memory_pool=pool)
    assert before.unseen_bytes() == pytest.approx(5 * MIB * len(held), abs=1024)


PINNED = """
import os, sys
from tracekit.profiling.arrow_pool import pin_arrow_pool
undo = pin_arrow_pool()
pinned = os.environ.get("ARROW_DEFAULT_MEMORY_POOL")
if "change" in sys.argv:
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "mimalloc"
undo()
undo()
print(pinned, os.environ.get("ARROW_DEFAULT_MEMORY_POOL"))
import pyarrow as pa
undo = pin_arrow_pool()
print(undo is None, os.environ.get("ARROW_DEFAULT_MEMORY_POOL"), undo())
"""


@pytest.mark.parametrize(
    ("chosen", "arguments", "said"),
    [
        (None, [], "system None\nFalse None None\n"),
        (None, ["change"], "system mimalloc\nFalse mimalloc None\n"),
        ("mimalloc", [], "mimalloc mimalloc\nFalse mimalloc None\n"),
        ("system", [], "system system\nFalse system None\n"),
    ],
)
def test_the_pool_is_pinned_unless_the_user_chose_one(
    chosen: str | None, arguments: list[str], said: str
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", PINNED, *arguments],
        env=environ | ({VARIABLE: chosen} if chosen else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == said


IMPORTED_LATER = """
from tracekit.profiling.arrow_pool import ArrowPools
pools = ArrowPools()
import pyarrow as pa
held = pa.allocate_buffer(5 << 20, memory_pool=pa.mimalloc_memory_pool())
print(pools.unseen_bytes() >> 20)
"""


def test_pools_of_an_arrow_that_was_imported_later_are_counted() -> None:
    program = [sys.executable, "-c", IMPORTED_LATER]
    assert subprocess.run(program, capture_output=True, text=True, check=True).stdout == "5\n"
