"""What is held outside of Python objects: buffers of numpy, Arrow and polars, attributes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tracekit.profiling.retention.dominator_tree import DominatorTree
from tracekit.profiling.retention.graph import ObjectGraph
from tracekit.profiling.retention.referents import Traits, allocated_bytes

pl = pytest.importorskip("polars")
NUMBERS = 50_000
SIZE = 8 * NUMBERS
TEXTS = ["x" * 20 + str(number) for number in range(1000, 6000)]
TEXT_BYTES = 24 * 5000 + 4 * 5001


def retained(value: Any) -> int:
    """The bytes that a list with `value` alone retains, without the list."""
    graph, variable = ObjectGraph(), [value]
    graph.hold(graph.scope("a frame"), [variable])
    graph.walk()
    tree = DominatorTree(graph)
    node = graph.node_of(variable)
    assert node is not None
    return tree.retained_bytes[node] - 64


def arrow_table() -> pa.Table:
    return pa.table({"number": np.arange(NUMBERS), "text": [*TEXTS, *[None] * (NUMBERS - 5000)]})


ARROW_TEXT_BYTES = 24 * 5000 + 4 * NUMBERS + NUMBERS // 8
HELD: dict[str, tuple[Callable[[], Any], int]] = {
    "an array": (lambda: np.arange(NUMBERS), SIZE),
    "a view": (lambda: np.arange(NUMBERS)[5:9], SIZE),
    "a view of a view": (lambda: np.arange(NUMBERS)[5:9][1:], SIZE),
    "an array in order of columns": (lambda: np.ones((NUMBERS // 10, 10), order="F"), SIZE),
    "an empty array": (lambda: np.empty(0), 0),
    "an array of texts of Python": (
        lambda: np.array([bytes([n]) * 1000 for n in range(100)], dtype=object),
        100 * (1056 + 8),
    ),
    "an array of structures with objects": (
        lambda: np.zeros(NUMBERS // 2, dtype=[("one", object), ("two", "i8")]),
        SIZE,
    ),
    "an Arrow array": (lambda: pa.array(np.arange(NUMBERS)), SIZE),
    "a slice of an Arrow array": (lambda: pa.array(np.arange(NUMBERS)).slice(7, 2), SIZE),
    "an Arrow array of texts": (lambda: pa.array(TEXTS), TEXT_BYTES),
    "an Arrow array with a dictionary": (
        lambda: pa.array(TEXTS).dictionary_encode(),
        TEXT_BYTES + 4 * 5000,
    ),
    "a chunked array": (lambda: pa.chunked_array([np.arange(NUMBERS), np.arange(9)]), SIZE + 72),
    "a table": (arrow_table, SIZE + ARROW_TEXT_BYTES),
    "a batch": (lambda: arrow_table().to_batches()[0], SIZE + ARROW_TEXT_BYTES),
    "an Arrow buffer": (lambda: pa.allocate_buffer(SIZE), SIZE),
    "a slice of an Arrow buffer": (lambda: pa.allocate_buffer(SIZE).slice(9, 3).slice(1), SIZE),
    "an empty Arrow buffer": (lambda: pa.allocate_buffer(0), 0),
    "a polars series": (lambda: pl.Series(np.arange(NUMBERS)), SIZE),
    "a polars frame": (lambda: pl.DataFrame({"a": np.arange(NUMBERS), "b": 1.5}), 2 * SIZE),
    "a polars series of objects": (
        lambda: pl.Series([object() for _ in range(NUMBERS)], dtype=pl.Object),
        SIZE,
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_buffers_are_counted_as_large_as_they_were_allocated(name: str) -> None:
    make, size_bytes = HELD[name]
    assert retained(make()) == pytest.approx(size_bytes, rel=0.02, abs=600)


def test_what_two_share_counts_once() -> None:
    numbers, texts = pl.Series(np.arange(NUMBERS)), pl.Series(TEXTS)
    assert retained([numbers, numbers.clone()]) == pytest.approx(SIZE, rel=0.02)
    assert retained([texts, texts.clone()]) < 1.5 * retained(texts.clone())


def test_the_table_behind_an_index_that_was_searched_is_counted() -> None:
    index = pd.Index(np.arange(0, 2 * NUMBERS, 2))
    before = index.memory_usage()
    assert index.get_loc(4) == 2
    assert 7_777 not in index
    table = index._engine.mapping
    assert table.sizeof() > before
    assert retained(table) == pytest.approx(table.sizeof(), abs=600)


def test_memory_whose_address_is_unknown_is_each_object_s_own() -> None:
    indexes = [pd.Index(np.arange(0, 2 * NUMBERS, 2)) for _ in range(8)]
    assert not any(7_777 in index for index in indexes)
    tables = [index._engine.mapping for index in indexes]
    assert retained(tables) == pytest.approx(sum(table.sizeof() for table in tables), rel=0.01)
    kept = [object() for _ in range(NUMBERS)]
    series = [pl.Series(kept, dtype=pl.Object) for _ in range(4)]
    frame = pl.DataFrame({"one": series[0], "two": np.arange(NUMBERS)})
    assert retained(series) == pytest.approx(4 * SIZE, rel=0.02)
    assert retained(frame) == pytest.approx(2 * SIZE, rel=0.02)
    of_categories = [pl.Series(["one", "other"] * NUMBERS, dtype=pl.Categorical) for _ in range(4)]
    assert retained(of_categories) == pytest.approx(4 * SIZE, rel=0.02)  # codes of 4 bytes


@pytest.mark.parametrize("kind", [pd.DataFrame, pd.Series, pa.Table, pl.DataFrame, pa.Array])
def test_the_inside_of_tables_is_not_shown(kind: type) -> None:
    assert Traits()[kind].opaque
    assert not Traits()[type("Of", (dict,), {"__module__": "mine.pandas"})].opaque


def test_a_block_is_a_multiple_of_sixteen_and_above_512_bytes_has_a_word_more() -> None:
    sizes = (0, 1, 16, 17, 511, 512, 513, 520, 521)
    assert [allocated_bytes(size) for size in sizes] == [0, 16, 16, 32, 512, 512, 528, 528, 544]


class Row:
    """Attributes are beside it, unless somebody looks at its `__dict__`."""


class Slotted:
    __slots__ = ("one",)


class Counted(list):
    def __sizeof__(self) -> int:
        return 10**6 + list.__sizeof__(self)


class Sized:
    __slots__ = ()

    def __sizeof__(self) -> int:
        return 10**6


def test_a_size_that_a_class_makes_up_is_not_believed() -> None:
    traits = Traits()
    for value in (Counted([1.5]), Sized()):
        size = traits[type(value)].size_of(value)
        assert 0 <= size - object.__sizeof__(value) <= 16, type(value)
    for value in (Row(), Slotted(), [1.5], (1.5,), {1: 2}, "text", b"", 10**30, 1.5, {1.5}, Traits):
        assert traits[type(value)].size_of(value) == sys.getsizeof(value), type(value)
    for array in (np.ones(3), np.ones((2, 2, 2)), np.float64(1.5), np.ones(10**6)[:3]):
        size = traits[type(array)].size_of(array)
        assert 0 <= size - object.__sizeof__(array) <= 48, "without its buffer"
    assert traits[type(pa.array([1]))].size_of(pa.array(range(1000))) < 200


@pytest.mark.parametrize("looked_at", [False, True])
def test_attributes_are_counted_wherever_they_are(looked_at: bool) -> None:
    rows = [Row() for _ in range(200)]
    for row in rows:
        for column in range(20):
            setattr(row, f"column_{column}", None)
    del row
    if looked_at:
        assert all(map(vars, rows))
    graph = ObjectGraph()
    graph.hold(graph.scope("a frame"), [rows])
    graph.walk()
    held = sum(
        size
        for size, kind, count in zip(graph.own_bytes, graph.kinds, graph.counts, strict=True)
        if kind in ("Row", "dict") and count == len(rows)
    )
    each = sys.getsizeof(rows[0]) + sys.getsizeof(vars(rows[0]))
    assert held == pytest.approx(200 * each, rel=0.3)
