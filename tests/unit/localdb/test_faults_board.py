"""Which connection, statement and time a fault strikes, and how often it says it did."""

from __future__ import annotations

import threading

import pytest

from tracekit.localdb.faults import parse_fault
from tracekit.localdb.faults_board import FaultBoard
from tracekit.localdb.faults_hooks import FaultHooks
from tracekit.localdb.hooks import Cut, Manner
from tracekit.localdb.ora_error import OraError


class Left(Exception):
    """The client of these tests went away."""


def connected(board: FaultBoard) -> FaultHooks:
    hooks = FaultHooks(board)
    hooks.before_connect()
    return hooks


def refused(board: FaultBoard) -> bool:
    try:
        connected(board)
    except OraError as error:
        assert error.number == 12514
        return True
    return False


def test_every_k_th_connect_counts_from_when_the_fault_was_set() -> None:
    board = FaultBoard()
    connected(board)
    board.add(parse_fault("refuse every=3"))
    assert [refused(board) for _ in range(7)] == [False, False, True, False, False, True, False]
    assert board.fired() == [(parse_fault("refuse every=3"), 2)]


def test_one_connection_only_and_none_that_was_there_before() -> None:
    board = FaultBoard()
    early = connected(board)
    board.add(parse_fault("error code=28 connection=2"))
    first, second = connected(board), connected(board)
    for hooks in (early, first):
        hooks.before_call("EXECUTE")
    for _again in range(2):
        with pytest.raises(OraError, match="ORA-00028: your session has been killed"):
            second.before_call("EXECUTE")


def test_times_are_counted_over_all_connections() -> None:
    board = FaultBoard([parse_fault("drop times=2")])
    for _ in range(2):
        with pytest.raises(Cut):
            connected(board).before_call("PING")
    connected(board).before_call("PING")
    assert [fired for _, fired in board.fired()] == [2]


def test_a_statement_is_searched_and_leaving_is_always_allowed() -> None:
    board = FaultBoard([parse_fault("error code=942 statement='from  *dw_mes'")])
    hooks = connected(board)
    for function in ("EXECUTE", "LOGOFF"):
        hooks.before_call(function)
    hooks.before_statement("SELECT 1 FROM DUAL")
    hooks.before_call("EXECUTE")
    with pytest.raises(OraError, match="ORA-00942"):
        hooks.before_statement("SELECT * FROM  DW_MES_JOB")
    board.clear()
    board.add(parse_fault("drop"))
    hooks.before_call("LOGOFF")


@pytest.mark.parametrize(
    ("text", "row", "manner"),
    [
        ("drop_after rows=0", 0, Manner.CLOSED),
        ("drop_after rows=70", 70, Manner.CLOSED),
        ("drop_in_row row=71", 70, Manner.IN_ROW),
        ("truncate rows=70", 70, Manner.IN_PACKET),
        ("half_open rows=70", 70, Manner.SILENT),
    ],
)
def test_rows_go_up_to_the_fault_and_no_further(text: str, row: int, manner: Manner) -> None:
    hooks = connected(FaultBoard([parse_fault(text)]))
    hooks.before_statement("SELECT 1 FROM DUAL")
    sent = 0
    with pytest.raises(Cut) as info:
        while sent < 1000:
            sent += hooks.before_rows(sent, min(30, 1000 - sent))
    assert (sent, info.value.manner) == (row, manner)


def test_the_end_of_a_result_is_a_place_for_a_fault_but_half_a_row_needs_a_row() -> None:
    with pytest.raises(Cut):
        connected(FaultBoard([parse_fault("drop_after rows=10")])).before_rows(10, 0)
    assert connected(FaultBoard([parse_fault("drop_in_row row=11")])).before_rows(10, 0) == 0


def test_slow_rows_go_in_runs_so_that_pauses_are_few() -> None:
    board = FaultBoard([parse_fault("delay_rows seconds=0.002")])
    hooks = connected(board)
    assert hooks.before_rows(0, 5000) == 10
    assert hooks.before_rows(10, 3) == 3
    assert [fired for _, fired in board.fired()] == [2]


@pytest.mark.parametrize("let_go", ["release", "clear"])
def test_a_stall_ends_when_it_is_lifted(let_go: str) -> None:
    board = FaultBoard([parse_fault("stall")])
    hooks = connected(board)
    stalled = threading.Event()
    hooks.begin(stalled.set)
    waiting = threading.Thread(target=hooks.before_call, args=("EXECUTE",))
    waiting.start()
    assert stalled.wait(10)
    assert waiting.is_alive()
    getattr(board, let_go)()
    waiting.join(10)
    assert not waiting.is_alive()
    hooks.before_call("EXECUTE")


def test_a_stall_ends_when_its_client_leaves() -> None:
    hooks = connected(FaultBoard([parse_fault("stall")]))

    def leave() -> None:
        raise Left

    hooks.begin(leave)
    with pytest.raises(Left):
        hooks.before_call("EXECUTE")
