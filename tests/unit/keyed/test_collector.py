import gc

import pytest

from tracekit.keyed.collector import calm_collector


@pytest.fixture(autouse=True)
def _thresholds_restored():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.enable()


@pytest.mark.parametrize("mine", [(700, 10, 10), (1, 10, 10)])
def test_thresholds_are_calm_inside_and_restored_by_the_last_block(mine):
    gc.set_threshold(*mine)
    with calm_collector():
        with calm_collector():
            assert gc.get_threshold()[0] == 50_000
        assert gc.get_threshold()[0] == 50_000
    assert gc.get_threshold() == mine


def test_they_are_restored_after_an_error():
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ZeroDivisionError), calm_collector():
        raise ZeroDivisionError
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("mine", [(0, 10, 10), (50_000, 10, 10), (100_000, 10, 10)])
def test_a_collector_that_is_off_or_calmer_stays_as_it_is(mine):
    gc.set_threshold(*mine)
    with calm_collector():
        assert gc.get_threshold() == mine
    assert gc.get_threshold() == mine
