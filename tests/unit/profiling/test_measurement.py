"""What `tracekit.measure` returns, as people read it."""

import pytest

from tracekit.errors import ProfileError
from tracekit.profiling.measure import Measurement
from tracekit.records import Holder, Retention, RunStatus

MIB = 2**20


def test_it_reads_as_a_few_lines():
    retention = Retention(
        40 * MIB, 40 * MIB, "now", (Holder("rows", "main", "list", 1, 40 * MIB),), True, 0.5
    )
    found = Measurement(
        RunStatus.OUT_OF_MEMORY,
        reason="ran out",
        rss_net_peak_bytes=40 * MIB,
        heap_peak_bytes=0,
        children_peak_bytes=3 * MIB,
        wall_seconds=1.256,
        remarks=("one", "two"),
        retention=retention,
    )
    assert str(found).splitlines() == [
        "out_of_memory: ran out",
        "OS net peak 40.0 MiB, heap peak 0 B, children's peak 3.00 MiB, wall 1.26 s",
        "note: one",
        "note: two",
        *retention.lines(),
    ]
    assert any("rows" in line for line in retention.lines())


def test_what_was_not_measured_is_not_shown():
    assert str(Measurement(RunStatus.OK)) == "ok"
    assert str(Measurement(RunStatus.OK, wall_seconds=0.0)) == "ok\nwall 0.00 s"


def test_stacks_need_a_profiled_call(tmp_path):
    with pytest.raises(ProfileError, match="profile=True"):
        _ = Measurement(RunStatus.OK).stacks
    with pytest.raises(ProfileError, match=r"gone\.bin"):
        _ = Measurement(RunStatus.OK, capture=str(tmp_path / "gone.bin")).stacks
