"""The figures of cells, from a kernel's messages and the samples taken from outside."""

from __future__ import annotations

from tracekit.programs.cells import CellLog
from tracekit.programs.kernel_messages import Began, Ended, Stopped
from tracekit.programs.memory_sampler import Sample
from tracekit.records import CellReport, ProgramStatus

MIB = 2**20


def _began(at: float, count: int, rss_mib: int) -> Began:
    return Began(at, count, f"cell-{count}", rss_mib * MIB)


def _ended(at: float, count: int, *, peak_mib: int, after_mib: int, status: str = "ok") -> Ended:
    return Ended(
        at=at,
        execution_count=count,
        status=status,
        reason=None,
        line=None,
        code=None,
        wall_seconds=1.0,
        rss_peak_bytes=peak_mib * MIB,
        rss_after_bytes=after_mib * MIB,
        rows=None,
        variables=(),
        threads=(),
    )


def _sample(
    at: float, rss_mib: int, children_mib: int = 0, children_at: float | None = None
) -> Sample:
    looked_at = at if children_at is None else children_at
    return Sample(at, rss_mib * MIB, rss_mib * MIB, children_mib * MIB, looked_at)


def _reports(log: CellLog) -> list[CellReport]:
    return list(log.reports(range(9), None).values())


def test_what_follows_a_cell_s_own_code_counts_nowhere():
    log = CellLog()
    log.tell(_began(1.0, 1, 50))
    log.look(_sample(1.5, 60))
    log.tell(Stopped(2.0))
    log.look(_sample(2.5, 400, children_mib=30))
    log.tell(_ended(3.0, 1, peak_mib=61, after_mib=55, status="failed"))
    log.look(_sample(3.5, 500))

    (cell,) = _reports(log)

    assert cell.status is ProgramStatus.FAILED
    assert cell.rss_net_peak_bytes == log.net_peak_bytes == 11 * MIB
    assert cell.rss_held_bytes == 5 * MIB
    assert cell.children_peak_bytes is None
    assert [sample.rss_bytes for sample in log.samples()] == [50 * MIB, 60 * MIB]
    assert log.wall_seconds == 1.0


def test_the_total_has_the_children_and_the_next_cell():
    log = CellLog()
    log.tell(_began(1.0, 1, 50))
    log.look(_sample(1.5, 60, children_mib=30))
    log.tell(Stopped(2.0))
    log.tell(_ended(2.1, 1, peak_mib=61, after_mib=55))
    log.tell(_began(3.0, 2, 55))
    log.look(_sample(3.5, 70, children_mib=5))

    assert log.net_peak_bytes == 40 * MIB
    assert [cell.children_peak_bytes for cell in _reports(log)] == [30 * MIB, 5 * MIB]


def test_children_that_were_last_seen_in_an_earlier_cell_are_not_the_next_one_s():
    log = CellLog()
    log.tell(_began(1.0, 1, 50))
    log.look(_sample(1.5, 60, children_mib=30))
    log.tell(Stopped(2.0))
    log.tell(_ended(2.1, 1, peak_mib=61, after_mib=55))
    log.tell(_began(3.0, 2, 55))
    log.look(_sample(3.1, 70, children_mib=30, children_at=1.5))

    assert [cell.children_peak_bytes for cell in _reports(log)] == [30 * MIB, None]
    assert log.net_peak_bytes == 40 * MIB


def test_the_total_is_at_least_each_cell_s_if_the_process_shrank_before_it():
    log = CellLog()
    log.tell(_began(1.0, 1, 50))
    log.tell(Stopped(1.5))
    log.tell(_ended(1.6, 1, peak_mib=50, after_mib=20))
    log.tell(_began(2.0, 2, 20))
    log.tell(Stopped(2.5))
    log.tell(_ended(2.6, 2, peak_mib=45, after_mib=40))

    assert [cell.rss_net_peak_bytes for cell in _reports(log)] == [0, 25 * MIB]
    assert log.net_peak_bytes == 25 * MIB
