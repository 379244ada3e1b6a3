import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from tracekit.trace.container_ids import normalise_container_ids


def test_blanks_duplicates_and_values_other_than_text_are_left_out():
    given_ids = [" A1 ", "B2", None, "", "  ", 7, "A1", b"C3", "B2\n", "C3"]
    assert normalise_container_ids(given_ids) == ["A1", "B2", "C3"]


@given(st.lists(st.one_of(st.text(max_size=4), st.integers(), st.none())))
def test_normalising_twice_changes_nothing(ids):
    once = normalise_container_ids(ids)
    assert normalise_container_ids(once) == once
    assert len(set(once)) == len(once)


def test_repetitions_among_very_many_ids_are_left_out_too():
    ids = [f"C{n}" for n in range(120_000)]
    assert normalise_container_ids(ids) == ids
    assert normalise_container_ids([*ids, *ids[7:70_000:999], " C3 "]) == ids


def test_very_many_ids_are_normalised_without_a_table_of_them_all():
    ids = [f"C{n}" for n in range(110_000)]
    tracemalloc.start()
    kept = normalise_container_ids(ids)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept == ids
    assert peak_bytes < 24 * len(ids)  # 8 are the list itself; a dict of them takes 40 more
