import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.events.container_ids import batches_of, normalise_container_ids


def test_blanks_repetitions_and_what_is_no_text_are_left_out():
    given_ids = [" A1 ", "B2", None, "", "  ", 7, "A1", b"C3", "B2\n", "C3"]
    assert normalise_container_ids(given_ids) == ["A1", "B2", "C3"]


@given(st.lists(st.one_of(st.text(max_size=4), st.integers(), st.none())))
def test_normalising_twice_changes_nothing(ids):
    once = normalise_container_ids(ids)
    assert normalise_container_ids(once) == once
    assert len(set(once)) == len(once)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])],
)
def test_a_batch_holds_at_most_a_thousand_ids_in_order(count, sizes):
    ids = [f"C{n}" for n in range(count)]
    batches = list(batches_of(ids))
    assert [len(batch) for batch in batches] == sizes
    assert [cid for batch in batches for cid in batch] == ids
