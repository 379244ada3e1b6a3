"""What an execution answers, part by part, where the driver would hide the difference."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.integration.canned_backend import CannedSession
from tests.unit.localdb import wire_samples as samples
from tracekit.localdb.execution import Execution
from tracekit.localdb.hooks import SessionHooks
from tracekit.localdb.lobs import SessionLobs
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.messages.execute import ExecuteRequest, ReexecuteRequest, parse_execute
from tracekit.localdb.wire.messages.fetch import FetchRequest
from tracekit.localdb.wire.messages.functions import parse_function_header
from tracekit.localdb.wire.primitives import TtcReader

DESCRIBE, ROW_HEADER, ROW = 16, 6, 7


@dataclass
class Parts:
    """A reply that keeps the first byte of each part."""

    kinds: list[int] = field(default_factory=list)

    def add(self, part: bytes | memoryview) -> None:
        self.kinds.append(part[0])

    def taken(self) -> list[int]:
        kinds, self.kinds = self.kinds, []
        return kinds


def _query() -> ExecuteRequest:
    reader = TtcReader(samples.EXECUTE_SELECT)  # first bind 5, prefetch 2
    parse_function_header(reader, 24)
    return parse_execute(reader, 24, lambda cursor_id: "")


@pytest.fixture
def execution() -> Execution:
    return Execution(CannedSession("DWH"), SessionHooks(), 24, SessionLobs())


def test_columns_are_described_once(execution: Execution) -> None:
    parts = Parts()
    first = execution.execute(_query(), parts)
    assert parts.taken() == [DESCRIBE, ROW_HEADER, ROW]
    again = ReexecuteRequest(first.cursor_id, 2, False, [[5, "x"]])
    execution.reexecute(again, parts, fetches=True)
    assert parts.taken() == [ROW_HEADER, ROW]


def test_a_full_answer_is_no_end_and_a_short_one_is(execution: Execution) -> None:
    parts = Parts()
    first = execution.execute(_query(), parts)
    assert (first.number, first.row_count) == (0, 2)
    full = execution.fetch(FetchRequest(first.cursor_id, 3), parts)
    assert (full.number, full.row_count) == (0, 5)
    parts.taken()
    empty = execution.fetch(FetchRequest(first.cursor_id, 3), parts)
    assert (empty.number, empty.row_count) == (1403, 5)
    assert parts.taken() == []
    with pytest.raises(OraError, match="ORA-01002"):
        execution.fetch(FetchRequest(first.cursor_id, 3), parts)


def test_a_result_is_freed_at_its_end_and_with_its_cursor(execution: Execution) -> None:
    session = execution._backend
    assert isinstance(session, CannedSession)
    first = execution.execute(_query(), Parts())
    assert len(session.open_results) == 1
    execution.fetch(FetchRequest(first.cursor_id, 9), Parts())
    assert not session.open_results
    second = execution.execute(_query(), Parts())
    execution.cursors.close([second.cursor_id, second.cursor_id, 77])
    assert not session.open_results
    with pytest.raises(OraError, match="ORA-01001"):
        execution.fetch(FetchRequest(second.cursor_id, 1), Parts())


def test_cursor_ids_are_used_again_and_end_at_a_thousand(execution: Execution) -> None:
    ids = [execution.cursors.open().id for _ in range(1000)]
    assert sorted(ids) == list(range(1, 1001))
    with pytest.raises(OraError, match="ORA-01000"):
        execution.cursors.open()
    execution.cursors.close([500])
    assert execution.cursors.open().id == 500
