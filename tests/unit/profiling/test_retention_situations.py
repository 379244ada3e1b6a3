"""Who is named in situations that people meet, and how much is said to be theirs.

A scene sets something up, waits at its `yield` while all scenes are looked at together, and is
sent what was found.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tracekit
from tracekit.profiling.retention.moment import this_moment
from tracekit.records.retention import Holder, Retention

BLOCK_BYTES = 256 * 1024
BLOCKS = 8
KNOWN_BYTES = BLOCKS * BLOCK_BYTES
Scene = Generator[None, Retention, None]
SCENES: list[Callable[[], Scene]] = []


def scene(function: Callable[[], Scene]) -> Callable[[], Scene]:
    SCENES.append(function)
    return function


def blocks() -> list[bytes]:
    """Of a known size, and each different from the others."""
    return [bytes([n]) * BLOCK_BYTES for n in range(BLOCKS)]


def numbers() -> np.ndarray:
    return np.ones(KNOWN_BYTES // 8)


def everything(holders: tuple[Holder, ...]) -> Iterator[Holder]:
    for holder in holders:
        yield holder
        yield from everything(holder.children)


def named(found: Retention | Holder, name: str, where: str = "") -> Holder:
    """The largest holder of this name."""
    holders = found.holders if isinstance(found, Retention) else found.children
    return max(
        (each for each in everything(holders) if each.name == name and where in each.where),
        key=lambda holder: holder.retained_bytes,
    )


def either(found: Retention, names: tuple[str, str]) -> Holder:
    """What both of two variables hold."""
    [holder] = [
        each
        for each in found.holders
        if each.also_held_by and {each.name, *each.also_held_by} == set(names)
    ]
    return holder


def about(size_bytes: int) -> Any:
    return pytest.approx(size_bytes, rel=0.02)


def first_name(title: str) -> str:
    return title.partition(" (")[0]


GLOBAL: list[bytes] = []


@scene
def a_global() -> Scene:
    GLOBAL.extend(blocks())
    found = yield
    GLOBAL.clear()
    assert named(found, "GLOBAL", f"module {__name__}").retained_bytes == about(KNOWN_BYTES)


@scene
def a_closure() -> Scene:
    def remember() -> Callable[[], int]:
        closed_over = blocks()
        return lambda: len(closed_over)

    count = remember()
    found = yield
    assert count() == BLOCKS
    holder = named(found, "closed_over", "function <lambda> (")
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def a_default_argument() -> Scene:
    def append(_row: object, to: list[bytes] = blocks()) -> None:  # noqa: B008
        """The fault that everybody makes once."""

    found = yield
    append(None)
    assert named(found, "to", "function append").retained_bytes == about(KNOWN_BYTES)


@scene
def a_class_attribute() -> Scene:
    class Loader:
        cache = blocks()

    found = yield
    assert Loader.cache
    assert named(found, "cache", "class a_class_attribute").retained_bytes == about(KNOWN_BYTES)


@scene
def an_instance_attribute() -> Scene:
    class Loader:
        def __init__(self) -> None:
            self.name = "loader"
            self.rows = blocks()

    loader = Loader()
    found = yield
    assert loader.rows
    holder = named(found, "loader", "an_instance_attribute (")
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert named(holder, "rows").retained_bytes == about(KNOWN_BYTES)


@scene
def an_attribute_of_an_instance_whose_dict_was_looked_at() -> Scene:
    class Loader:
        def __init__(self) -> None:
            self.rows = blocks()

    looked_at = Loader()
    assert vars(looked_at)
    found = yield
    holder = named(found, "looked_at")
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert named(holder, "rows").retained_bytes == about(KNOWN_BYTES)


@scene
def an_attribute_in_a_slot() -> Scene:
    class Loader:
        __slots__ = ("rows",)

    slotted = Loader()
    slotted.rows = blocks()
    found = yield
    assert slotted.rows
    assert named(named(found, "slotted"), "rows").retained_bytes == about(KNOWN_BYTES)


@scene
def an_lru_cache() -> Scene:
    @functools.lru_cache
    def load(number: int) -> bytes:
        return bytes([number]) * BLOCK_BYTES

    for number in range(BLOCKS):
        load(number)
    found = yield
    load.cache_clear()
    holder = named(found, "load", "an_lru_cache (")
    assert holder.kind == "lru_cache"
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def a_generators_local() -> Scene:
    def lengths() -> Generator[int, None, None]:
        in_generator = blocks()
        yield len(in_generator)

    running = lengths()
    next(running)
    found = yield
    running.close()
    assert named(found, "in_generator", "lengths (").retained_bytes == about(KNOWN_BYTES)


@scene
def an_exceptions_traceback() -> Scene:
    def fail() -> None:
        in_failed_function = blocks()
        raise ValueError(len(in_failed_function))

    try:
        fail()
    except ValueError as exc:
        error = exc
    found = yield
    assert error.args == (BLOCKS,)
    holder = named(found, "error", "an_exceptions_traceback (")
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert named(holder, "in_failed_function", "fail (").retained_bytes == about(KNOWN_BYTES)


def in_a_thread(work: Callable[[], None]) -> Callable[[], None]:
    """Let `work` run in a thread that waits afterwards; the function returned ends it."""
    ready, done = threading.Event(), threading.Event()

    def run() -> None:
        work()
        from_thread = blocks()
        ready.set()
        done.wait()
        assert from_thread

    thread = threading.Thread(target=run, name="reader")
    thread.start()
    ready.wait()

    def end() -> None:
        done.set()
        thread.join()

    return end


@scene
def a_threads_local_and_a_thread_local() -> Scene:
    local = threading.local()
    end = in_a_thread(lambda: setattr(local, "kept", blocks()))
    try:
        found = yield
    finally:
        end()
    holder = named(found, "from_thread", ", thread reader")
    assert "run (" in holder.where
    assert holder.retained_bytes == about(KNOWN_BYTES)
    holder = named(found, "local", "a_threads_local_and_a_thread_local (")
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert named(holder, "kept").retained_bytes == about(KNOWN_BYTES)


@scene
def an_asyncio_task() -> Scene:
    async def work(done: asyncio.Event) -> None:
        in_task = blocks()
        await done.wait()
        assert in_task

    loop = asyncio.new_event_loop()
    done = asyncio.Event()
    task = loop.create_task(work(done), name="fetch")
    loop.run_until_complete(asyncio.sleep(0))
    try:
        found = yield
    finally:
        done.set()
        loop.run_until_complete(task)
        loop.close()
    holder = named(found, "in_task", "task fetch")
    assert "work (" in holder.where
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def a_view_keeps_the_array_it_was_cut_from() -> Scene:
    parent = numbers()
    view = parent[:1]
    del parent
    found = yield
    assert view.size == 1
    holder = named(found, "view", "a_view_keeps")
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert [each.kind for each in holder.children] == ["ndarray"]


@scene
def two_views_share_one_buffer() -> Scene:
    parent = numbers()
    first, last = parent[:10], parent[-10:]
    del parent
    found = yield
    assert len(first) == len(last)
    holder = either(found, ("first", "last"))
    assert holder.kind == "ndarray"
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def a_frame_of_a_view() -> Scene:
    parent = numbers()
    frame = pd.DataFrame({"a": pd.Series(parent, copy=False)}, copy=False)
    del parent
    found = yield
    assert len(frame.columns) == 1
    assert named(found, "frame", "a_frame_of_a_view").retained_bytes == about(KNOWN_BYTES)


@scene
def an_array_of_objects() -> Scene:
    objects = np.array(blocks(), dtype=object)
    part = objects[:1]
    del objects
    found = yield
    assert len(part) == 1
    assert named(found, "part", "an_array_of_objects").retained_bytes == about(KNOWN_BYTES)


@scene
def an_arrow_slice() -> Scene:
    table = pa.table({"a": numbers()})
    rows = table.slice(0, 1)
    del table
    found = yield
    assert rows.num_rows == 1
    holder = named(found, "rows", "an_arrow_slice")
    assert holder.kind == "Table"
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def arrow_and_numpy_that_share_memory() -> Scene:
    array = numbers()
    arrow = pa.array(array)
    found = yield
    assert len(array) == len(arrow)
    holder = either(found, ("array", "arrow"))
    assert holder.kind == "buffer"
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def polars_frames_that_share_memory() -> Scene:
    pl = pytest.importorskip("polars")
    whole = pl.DataFrame({"a": numbers()})
    part = whole.slice(10, 100)
    found = yield
    assert part.width == whole.width
    holder = either(found, ("whole", "part"))
    assert holder.kind == "buffer"
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def frames_in_a_dict_of_futures() -> Scene:
    def frame_of(number: int) -> pd.DataFrame:
        texts = [f"{number:04}-{row:07}-" + "x" * 40 for row in range(20_000)]
        return pd.DataFrame({"number": np.full(20_000, number), "text": texts})

    def submit(number: int) -> Future[pd.DataFrame]:
        future: Future[pd.DataFrame] = Future()
        future.set_result(frame_of(number))
        return future

    batch_of = {submit(number): number for number in range(BLOCKS)}
    found = yield
    holder = named(found, "batch_of", "frames_in_a_dict")
    known = sum(8 * 20_000 + text_bytes(future.result()["text"]) for future in batch_of)
    assert (holder.kind, holder.count) == ("dict", 1)
    assert holder.retained_bytes == about(known)
    [futures] = holder.children
    assert (futures.kind, futures.count) == ("Future", BLOCKS)
    [frames] = [each for each in futures.children if each.kind == "DataFrame"]
    assert (frames.count, frames.children) == (BLOCKS, ())


def text_bytes(texts: pd.Series) -> int:
    """Known apart: the buffers of Arrow, or the texts and the references to them."""
    if texts.dtype == object:
        return 8 * len(texts) + sum((sys.getsizeof(text) + 15) & -16 for text in texts)
    chunks = texts.array.__arrow_array__().chunks
    return sum(buffer.size for chunk in chunks for buffer in chunk.buffers() if buffer)


@scene
def a_list_with_two_holders() -> Scene:
    rows = blocks()
    alias = SimpleNamespace(kept=rows)
    found = yield
    assert alias.kept is rows
    holder = named(found, "rows", "a_list_with_two_holders")
    assert holder.also_held_by == ("alias",)
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def records_in_a_list_and_in_an_index() -> Scene:
    rows = [{"key": number, "text": f"{number:01000}"} for number in range(5000)]
    by_key = {record["key"]: record for record in rows}
    found = yield
    assert len(by_key) == len(rows)
    [records] = [each for each in found.holders if each.kind == "dict" and each.count == 5000]
    assert (records.name, records.also_held_by) == ("rows", ("by_key",))
    assert records.retained_bytes == about(5000 * (sys.getsizeof(rows[0]) + 1056))


@scene
def a_value_of_a_dict() -> Scene:
    by_name = {"large": blocks(), "small": [1.5]}
    found = yield
    holder = named(found, "by_name", "a_value_of_a_dict")
    assert len(by_name) == 2
    assert named(holder, "['large']").retained_bytes == about(KNOWN_BYTES)


@scene
def a_cycle_that_is_held() -> Scene:
    node = SimpleNamespace(rows=blocks())
    node.other = SimpleNamespace(back=node)
    found = yield
    del node.other
    holder = named(found, "node", "a_cycle_that_is_held")
    assert holder.also_held_by == ()
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def a_cycle_that_nothing_holds() -> Scene:
    node = SimpleNamespace(rows=blocks())
    node.itself = node
    del node
    found = yield
    holder = named(found, "uncollected garbage")
    assert KNOWN_BYTES < holder.retained_bytes < 1.1 * KNOWN_BYTES


@scene
def weak_references() -> Scene:
    class Row:
        def __init__(self) -> None:
            self.block = bytes(BLOCK_BYTES)

    rows = [Row() for _ in range(BLOCKS)]
    watched = weakref.WeakValueDictionary(enumerate(rows))
    reference = weakref.ref(rows[0])
    found = yield
    assert reference() is watched[0]
    holder = named(found, "rows", "weak_references")
    assert holder.also_held_by == ()
    assert holder.retained_bytes == about(KNOWN_BYTES)


@scene
def keys_of_dicts() -> Scene:
    """The collector does not tell of them where all are texts."""
    rows = [{f"{row:08}-{column}" + "k" * 990: None for column in range(8)} for row in range(100)]
    found = yield
    holder = named(found, "rows", "keys_of_dicts")
    assert holder.retained_bytes == about(800 * 1056 + 100 * sys.getsizeof(rows[0]))


@scene
def records_that_share_their_keys() -> Scene:
    class Row:
        pass

    def record(number: int) -> dict[str, Any]:
        row = Row()
        for column in range(15):
            setattr(row, f"COLUMN_{column}", number * 1000 + column)
        return vars(row)

    rows = [record(number) for number in range(1, 5000)]
    found = yield
    holder = named(found, "rows", "records_that_share_their_keys")
    known = sum(map(sys.getsizeof, rows)) + 4999 * 15 * 32 + sys.getsizeof(rows)
    assert holder.retained_bytes == about(known)


@pytest.fixture(scope="module", name="scenes")
def _scenes() -> Iterator[Retention]:
    """What was found while all scenes waited, each held by a global of its own."""
    gc.collect()
    gc.disable()
    try:
        for function in SCENES:
            running = globals()[f"running_{function.__name__}"] = function()
            next(running)
        yield tracekit.retention()
    finally:
        gc.enable()
        for function in SCENES:
            globals().pop(f"running_{function.__name__}").close()


@pytest.mark.parametrize("name", [function.__name__ for function in SCENES])
def test_in_a_scene(name: str, scenes: Retention) -> None:
    with pytest.raises(StopIteration):
        globals()[f"running_{name}"].send(scenes)


def test_a_local_variable_of_a_function_and_of_its_caller() -> None:
    def inner(rows: list[bytes]) -> Retention:
        mine = blocks()
        assert mine is not rows
        return tracekit.retention()

    def outer() -> Retention:
        loaded = blocks()
        return inner(loaded)

    found = outer()
    holder = named(found, "mine", "inner (test_retention_situations.py:")
    assert (holder.kind, holder.count) == ("list", 1)
    assert holder.retained_bytes == about(KNOWN_BYTES)
    assert [(each.kind, each.count) for each in holder.children] == [("bytes", BLOCKS)]
    holder = named(found, "loaded", "outer (test_retention_situations.py:")
    assert [first_name(other) for other in holder.also_held_by] == ["rows in inner"]
    assert holder.retained_bytes == about(KNOWN_BYTES)


def test_a_value_in_the_making_and_an_exception_being_handled() -> None:
    taken: list[Retention] = []

    def fail() -> None:
        rows = blocks()
        raise ValueError(len(rows))

    def block(number: int) -> bytes:
        if number == BLOCKS - 1:
            try:
                fail()
            except ValueError:
                taken.append(tracekit.retention())
        return bytes([number]) * BLOCK_BYTES

    assert [block(number) for number in range(BLOCKS)]
    holder = named(taken[0], "no variable")
    assert holder.kind == "list"
    assert holder.retained_bytes == about(KNOWN_BYTES - BLOCK_BYTES)
    assert named(taken[0], "rows", "fail (").retained_bytes == about(KNOWN_BYTES)


def test_the_calls_of_a_thread_that_is_in_and_out_of_a_generator() -> None:
    stop = threading.Event()

    def numbers_forever() -> Iterator[int]:
        while True:
            yield from range(3)

    def sum_up() -> None:
        total = 0
        for number in numbers_forever():
            total += number
            if stop.is_set():
                return

    thread = threading.Thread(target=sum_up, name="busy")
    thread.start()
    try:
        moments = [this_moment(sys._getframe(), thread_locals=False) for _ in range(300)]
    finally:
        stop.set()
        thread.join()
    for moment in moments:
        [calls] = [calls for name, calls in moment.stacks if name == "busy"]
        assert "sum_up" in {frame.f_code.co_name for frame in calls}
