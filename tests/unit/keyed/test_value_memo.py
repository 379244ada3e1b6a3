import random

from tracekit.keyed.value_memo import MOST_DISTINCT, ValueMemo


def feed(memo, values, rows_a_batch=5_000):
    most = 0
    for start in range(0, len(values), rows_a_batch):
        part = values[start : start + rows_a_batch]
        memo.share(part, part, len(part))
        most = max(most, len(memo))
        if not memo.worthwhile:
            break
    return most


def test_a_few_ten_thousand_distinct_values_are_kept():
    rng = random.Random(1)
    memo = ValueMemo()
    feed(memo, [rng.randrange(30_000) for _ in range(300_000)])
    assert memo.worthwhile and len(memo) > 25_000


def test_unique_values_are_given_up_within_the_first_batch():
    memo = ValueMemo()
    assert feed(memo, list(range(100_000))) == 0
    assert not memo.worthwhile


def test_values_that_repeat_only_near_each_other_are_forgotten():
    memo = ValueMemo()
    values = [n // 10 for n in range(1_500_000)]  # 150,000 lots of ten rows
    most = feed(memo, values)
    assert memo.worthwhile
    assert most < 20_000
    assert len(memo) < 10_000


def test_the_memo_is_bounded_whatever_comes():
    rng = random.Random(2)
    memo = ValueMemo()
    most = feed(memo, [rng.randrange(400_000) for _ in range(1_000_000)], rows_a_batch=20_000)
    assert most <= MOST_DISTINCT + 20_000


def test_the_first_of_equal_values_is_given_for_all():
    memo = ValueMemo()
    first = ["".join(["a", "b"]), "".join(["a", "b"])]
    shared = memo.share(first, first, 2)
    assert shared[1] is first[0]
