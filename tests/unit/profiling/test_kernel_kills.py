import pytest

from tracekit.profiling.kernel_kills import kernel_kills


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("pgfault 9\noom_kill 3\nnr_free 1\n", 3),
        ("oom_kill 0\noom_kill_other 7\n", 0),
        ("other_oom_kill 7\n", None),
        ("", None),
    ],
)
def test_the_kernels_count_is_read_where_it_keeps_one(tmp_path, text, count):
    file = tmp_path / "vmstat"
    file.write_text(text)
    assert kernel_kills(file) == count
    assert kernel_kills(tmp_path / "none") is None
