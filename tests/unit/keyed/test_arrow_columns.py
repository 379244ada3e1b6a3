import math
import tracemalloc
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.keyed.arrow_columns import ArrowColumn

KINDS = {
    "text": (pa.large_string(), st.sampled_from(["", "a", "機台", "x" * 300])),
    "number": (pa.int64(), st.one_of(st.integers(-50, 50), st.integers(-(2**60), 2**60))),
    "long number": (
        pa.decimal128(38, 0),
        st.one_of(st.integers(-50, 50), st.integers(-(10**37), 10**37)),
    ),
    "float": (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e300, math.inf])),
    "date": (
        pa.timestamp("s"),
        st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
            lambda value: value.replace(microsecond=0, fold=0)
        ),
    ),
    "timestamp": (
        pa.timestamp("us"),
        st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
            lambda value: value.replace(fold=0)
        ),
    ),
}


def shown(values):
    return [(type(value), repr(value)) for value in values]


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_cells_come_out_as_they_went_in_also_from_slices(name, data):
    kind, values = KINDS[name]
    column = ArrowColumn(kind)
    for _ in range(3):
        given_cells = data.draw(st.lists(st.one_of(st.none(), values), max_size=20))
        array = pa.array(given_cells, kind)
        assert shown(column.values(array)) == shown(given_cells)
        start = data.draw(st.integers(0, len(given_cells)))
        assert shown(column.values(array.slice(start))) == shown(given_cells[start:])


def test_nan_becomes_none_and_null_stays_none():
    column = ArrowColumn(pa.float64())
    assert column.values(pa.array([1.0, math.nan, None, 1.0])) == [1.0, None, None, 1.0]


def test_equal_cells_are_one_object_across_batches():
    text = ArrowColumn(pa.large_string())
    number = ArrowColumn(pa.int64())
    cells = []
    numbers = []
    for _ in range(3):
        cells += text.values(pa.array([f"EQP{n % 20}" for n in range(1000)], pa.large_string()))
        numbers += number.values(pa.array([5000 + n % 30 for n in range(1000)], pa.int64()))
    assert len(set(map(id, cells))) == 20
    assert len(set(map(id, numbers))) == 30


def test_unique_values_give_their_memo_up():
    column = ArrowColumn(pa.timestamp("s"))
    for start in range(0, 50_000, 5_000):
        ticks = pa.array(range(start * 1000, (start + 5_000) * 1000, 1000), pa.int64())
        assert len(column.values(ticks.cast(pa.timestamp("s")))) == 5_000
    assert not column._memo.worthwhile
    assert len(column._memo) == 0


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_what_a_null_cell_holds_need_not_be_a_date(unit):
    ticks = np.arange(20_000)
    ticks[::2] = 2**62 + ticks[::2]
    present = np.packbits(ticks < 2**62, bitorder="little")
    buffers = [pa.py_buffer(present), pa.py_buffer(ticks)]
    array = pa.Array.from_buffers(pa.timestamp(unit), len(ticks), buffers)
    expected = [None if n % 2 == 0 else np.datetime64(n, unit).item() for n in range(20_000)]
    column = ArrowColumn(pa.timestamp(unit))
    for _ in range(3):
        assert column.values(array) == expected


@pytest.mark.parametrize(
    "ends", [[2**63 - 1], [2**63 - 3, 2**63 - 1], [-(2**63)], [-(2**63), None]]
)
def test_the_last_whole_numbers_stay_whole(ends):
    column = ArrowColumn(pa.int64())
    for _ in range(3):
        assert shown(column.values(pa.array(ends, pa.int64()))) == shown(ends)


@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_stay_one_object_each_while_their_range_grows_on_both_sides(sign):
    column = ArrowColumn(pa.int64())
    found = []
    for start, stop in ((500, 600), (450, 460), (610, 700), (400, 710), (499, 501)):
        numbers = [sign * n for n in range(start, stop)] * 10
        assert column.values(pa.array([*numbers, None], pa.int64())) == [*numbers, None]
        found += column.values(pa.array(numbers, pa.int64()))
    assert len(set(map(id, found[3_000:]))) == 310


def test_a_few_whole_numbers_that_are_far_apart_take_little_memory():
    column = ArrowColumn(pa.int64())
    tracemalloc.start()
    try:
        for far in (10**9, 10**7, 10**5):
            numbers = [-far, far, None]
            assert column.values(pa.array(numbers, pa.int64())) == numbers
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_in_a_stream_values_are_shared_inside_a_batch_and_forgotten_after_it():
    texts = [f"text {n % 7}" for n in range(1_000)]
    times = [datetime(2026, 1, 1 + n % 7) for n in range(1_000)]
    for kind, values in ((pa.large_string(), texts), (pa.timestamp("s"), times)):
        column = ArrowColumn(kind, across_batches=False)
        one, other = (column.values(pa.array(values, kind)) for _ in range(2))
        assert one == other == values
        assert len({id(value) for value in one}) == len({id(value) for value in other}) == 7
        assert not {id(value) for value in one} & {id(value) for value in other}


def test_in_a_stream_unique_values_are_not_looked_up():
    column = ArrowColumn(pa.large_string(), across_batches=False)
    for start in range(0, 3_000, 1_000):
        values = [f"unique {n}" for n in range(start, start + 1_000)]
        assert column.values(pa.array(values, pa.large_string())) == values
    assert not column._memo.worthwhile


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.bool_(), pa.decimal128(38, 1)])
def test_what_would_come_out_as_something_else_is_not_taken(kind):
    with pytest.raises(AssertionError):
        ArrowColumn(kind)


@pytest.mark.parametrize("across_batches", [True, False])
def test_whole_numbers_of_a_range_are_one_object_each_if_it_is_narrow(across_batches):
    column = ArrowColumn(pa.int64(), across_batches=across_batches)
    for widest, shared in ((4_000, True), (10_000, across_batches)):
        numbers = [10**6 + n % widest for n in range(2 * widest)]
        found = column.values(pa.array([*numbers, None], pa.int64()))
        assert found == [*numbers, None]
        if shared:
            assert len({id(number) for number in found}) == widest + 1
