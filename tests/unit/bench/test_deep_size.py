from __future__ import annotations

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from tracekit.bench.deep_size import deep_size_bytes


def test_an_object_in_several_places_counts_once():
    text = "x" * 1000
    events = {"a": [{"K": text}], "b": [{"K": text}, {"K": text}]}
    lists = sum(getsizeof(records) for records in events.values())
    records = sum(getsizeof(record) for found in events.values() for record in found)
    names = getsizeof("a") + getsizeof("b") + getsizeof("K")
    assert deep_size_bytes(events) == getsizeof(events) + lists + records + names + getsizeof(text)


def test_equal_objects_that_are_not_one_count_apart():
    one, other = ("x" * 1000 + str(number) for number in (1, 1))
    assert one is not other
    apart = deep_size_bytes({"a": [{"K": one, "L": other}]})
    assert apart - deep_size_bytes({"a": [{"K": one, "L": one}]}) == getsizeof(other)


@given(st.dictionaries(st.text(), st.lists(st.dictionaries(st.text(), st.text()))))
def test_it_is_the_sum_over_distinct_objects(events):
    distinct = {id(events): events}
    for cid, records in events.items():
        for one in (cid, records, *records):
            distinct[id(one)] = one
        for record in records:
            distinct |= {id(one): one for one in (*record, *record.values())}
    assert deep_size_bytes(events) == sum(map(getsizeof, distinct.values()))
