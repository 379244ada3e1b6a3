"""What a measured process sends to its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import msgspec
import pytest

from tracekit.profiling import child
from tracekit.profiling.child import REPORT_INTERVAL_SECONDS, Channel
from tracekit.profiling.messages import Finished, Message, Progress


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    yield ends
    for end in ends:
        os.close(end)


def sent(read_fd: int) -> list[Message]:
    *lines, rest = os.read(read_fd, 65536).split(b"\n")
    assert rest == b""
    return [msgspec.json.decode(line, type=Message) for line in lines]


def test_progress_is_sent_now_and_then_and_at_last(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(child.time, "monotonic", lambda: now)
    channel = Channel(pipe[1])
    channel.flush()  # nothing yet
    for rows in range(10):
        channel.report(rows, 2 * rows)
        now += REPORT_INTERVAL_SECONDS / 4
    channel.flush()
    channel.flush()
    assert sent(pipe[0]) == [Progress(rows, 2 * rows) for rows in (0, 4, 8, 9)]


def test_a_message_arrives_whole_though_signals_interrupt_it(pipe: tuple[int, int]) -> None:
    """A write that a signal interrupts has written as much as the pipe could hold."""
    message = Finished({"text": "x" * 300_000})
    arrived: list[bytes] = []
    main, done = threading.get_ident(), threading.Event()

    def read(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):
            arrived.append(os.read(pipe[0], 2**20))

    def interrupt() -> None:
        while not done.wait(0.005):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, read)
    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    try:
        Channel(pipe[1]).send(message)
    finally:
        done.set()
        interrupting.join()
        signal.signal(signal.SIGUSR1, before)
    read()
    assert b"".join(arrived) == msgspec.json.encode(message) + b"\n"


def test_programs_that_the_subject_starts_do_not_keep_the_pipe_open(pipe: tuple[int, int]) -> None:
    os.set_inheritable(pipe[1], True)
    Channel(pipe[1])
    assert not os.get_inheritable(pipe[1])
