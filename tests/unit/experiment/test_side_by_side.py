"""Steps run side by side only as far as cores and memory allow, and none outlives an error."""

import threading

import pytest

from tracekit.experiment.side_by_side import SideBySide, Step, Stopped, usual_jobs

GIB = 2**30
LONGEST_WAIT_SECONDS = 30


class Crowd:
    """Steps that note who is at work and, where asked, wait until so many are."""

    def __init__(self):
        self.lock = threading.Condition()
        self.at_work = []
        self.began = []
        self.most = 0

    def step(self, name, *, meets=1, then=()):
        def run():
            with self.lock:
                self.began.append(name)
                self.at_work.append(name)
                self.most = max(self.most, len(self.at_work))
                self.lock.notify_all()
                self.lock.wait_for(lambda: self.most >= meets, LONGEST_WAIT_SECONDS)
                self.at_work.remove(name)
            return then

        return Step(run)


def jobs(count, needed=GIB, available=100 * GIB):
    return SideBySide(count, lambda: needed, lambda: available)


def test_one_job_makes_each_step_and_what_follows_from_it_before_the_next():
    crowd = Crowd()
    follow = [crowd.step("memray"), crowd.step("run 2")]
    steps = [crowd.step("legacy", then=follow), crowd.step("lean")]
    jobs(1).run(steps)
    assert crowd.began == ["legacy", "memray", "run 2", "lean"]
    assert crowd.most == 1
    assert not any(step.beside for step in [*steps, *follow])


def test_two_jobs_make_two_steps_at_once_and_say_so_of_both():
    crowd = Crowd()
    steps = [crowd.step("a", meets=2), crowd.step("b", meets=2)]
    jobs(2).run(steps)
    assert crowd.most == 2
    assert all(step.beside for step in steps)


def test_the_first_is_made_alone_while_nobody_knows_what_a_step_needs():
    crowd = Crowd()
    known, asked = [], threading.Event()
    second, third = crowd.step("second", meets=2), crowd.step("third", meets=2)

    def needed():
        found = GIB if known else None
        asked.set()
        return found

    def first():
        asked.wait(LONGEST_WAIT_SECONDS)
        assert not crowd.began
        known.append(True)
        return ()

    alone = Step(first)
    SideBySide(2, needed, lambda: 2 * GIB).run([alone, second, third])
    assert (alone.beside, second.beside, third.beside) == (False, True, True)


def test_a_step_that_is_not_measured_any_more_is_not_disturbed_by_the_next():
    crowd = Crowd()
    digesting, second = crowd.step("digesting", meets=2), crowd.step("second", meets=2)
    digesting.measured = True
    jobs(2).run([digesting, second])
    assert crowd.most == 2
    assert (digesting.beside, second.beside) == (False, True)


@pytest.mark.parametrize(("available", "most"), [(3 * GIB, 3), (3 * GIB - 1, 2), (GIB // 2, 1)])
def test_no_more_run_at_once_than_memory_is_there_for(available, most):
    crowd = Crowd()
    jobs(8, available=available).run(crowd.step(str(n), meets=most) for n in range(6))
    assert crowd.most == most
    assert len(crowd.began) == 6


@pytest.mark.parametrize("error", [ValueError("it broke"), KeyboardInterrupt()])
def test_an_error_of_one_ends_the_others_and_is_raised(error):
    pool = jobs(2)
    ended = []
    waits = threading.Event()

    def breaks():
        waits.wait(LONGEST_WAIT_SECONDS)
        raise error

    def works_on():
        waits.set()
        tick = threading.Event()
        for _ in range(LONGEST_WAIT_SECONDS * 100):
            tick.wait(0.01)
            try:
                pool.check_stopped()
            except Stopped:
                ended.append("told to stop")
                raise
        return ()

    with pytest.raises(type(error)):
        pool.run([Step(breaks), Step(works_on), Step(lambda: ended.append("begun"))])
    assert ended == ["told to stop"]


def test_there_is_a_job_for_each_core_at_least_one():
    assert usual_jobs() >= 1
