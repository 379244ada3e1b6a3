import pytest

from tracekit.errors import ConfigError, MemoryBudgetExceeded
from tracekit.keyed.memory_budget import MemoryBudget
from tracekit.trace import EventFetcher


@pytest.mark.parametrize("wrong", [0, -1, "0", "lots", "2 GiX"])
def test_a_budget_that_is_no_size_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"^memory_budget\b"):
        MemoryBudget(wrong)


def test_the_smallest_budget_is_a_byte():
    MemoryBudget(1)


def test_growth_past_the_budget_names_rows_cids_and_bytes():
    budget = MemoryBudget("1MiB")
    budget.spend(10, 2)
    held = b"x" * 20_000_000
    with pytest.raises(MemoryBudgetExceeded) as caught:
        budget.spend(5, 1)
    error = caught.value
    assert (error.budget_bytes, error.rows, error.keys) == (2**20, 15, 3)
    assert 2**20 < error.used_bytes < 2 * len(held)


def test_a_fetch_stops_at_its_budget_and_one_within_it_is_whole(scripted, ids):
    class Large(scripted):
        def read_sql_df_slow_iter(self, sql, params=None, timeout_seconds=None, batch_size=None):
            for n in range(200):
                rows = [(cid, n, "x" * 200_000) for cid in list(params.values())[:5]]
                yield ["CONTAINERID", "N", "TEXT"], [(a, b, c + str(b) + a) for a, b, c in rows]

    database = Large()
    with pytest.raises(MemoryBudgetExceeded) as caught:
        EventFetcher(database).fetch_events(ids(3000), "history", memory_budget="20MiB")
    assert 0 < caught.value.rows < 3000
    assert caught.value.keys > 0
    events = EventFetcher(scripted()).fetch_events(ids(50), "history", memory_budget="10GiB")
    assert len(events) == 50
