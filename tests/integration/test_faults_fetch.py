"""Every way of reading under every fault: an equal result or a named error, and nothing left.

With retry, a fault of the connection that passes leaves an equal result.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.polling import until
from tracekit.errors import BatchFetchError, ConnectError, FetchError, TracekitError
from tracekit.keyed import PartialRecords, RecordsByKey
from tracekit.oracle import Database
from tracekit.testbed import LocalOracle
from tracekit.trace import EventFetcher, LegacyEventFetcher

DOMAIN = "holds"
TABLE = "DW_MES_HOLDRELEASEHISTORY"
QUERY = f"SELECT CONTAINERID, HOLDTXNDATE, HOLDREASONNAME FROM {TABLE} ORDER BY 1, 2"
ROWS = 50
"""Rows of a row batch: few, so that one batch of ids takes several round trips."""
HASTY_SECONDS = 0.5
PATIENT_SECONDS = 60.0
ATTEMPTS = 2


@dataclass(frozen=True)
class Case:
    """A local Oracle, the CIDs it holds, and a Database that reads it."""

    local: LocalOracle
    database: Database
    keys: list[str]

    def hasty(self) -> Case:
        """The same with a Database that soon gives up waiting."""
        return replace(self, database=_database(self.local, HASTY_SECONDS))

    def persistent(self) -> Case:
        """The same with a Database of its own that tries again, and was reached before."""
        database = _database(self.local, PATIENT_SECONDS, attempts=ATTEMPTS)
        with database.connect():
            return replace(self, database=database)


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with LocalOracle("trace-smoke") as local:
        yield Case(local, _database(local, PATIENT_SECONDS), local.keys())


def _database(local: LocalOracle, timeout_seconds: float, *, attempts: int = 0) -> Database:
    return Database(
        local.dsn,
        local.user,
        local.password,
        call_timeout_ms=round(timeout_seconds * 1000),
        max_concurrent=2,
        fetchmany_size=ROWS,
        retry_attempts=attempts,
        retry_wait_ms=1,
    )


@pytest.fixture(autouse=True)
def _nothing_left(case: Case) -> Iterator[None]:
    """No thread, file, socket or connection outlives a fetch, daemon threads included."""
    process = psutil.Process()
    threads, files = set(threading.enumerate()), process.num_fds()
    yield
    case.local.faults.clear()
    until(lambda: case.local.client_count == 0)
    until(lambda: set(threading.enumerate()) <= threads)
    until(lambda: process.num_fds() <= files)


def _joined(pieces: Iterator[RecordsByKey]) -> RecordsByKey:
    events: RecordsByKey = {}
    for piece in pieces:
        for cid, records in piece.items():
            events.setdefault(cid, []).extend(records)
    return events


def _stream(case: Case, *, whole_cids: bool = False) -> RecordsByKey:
    fetcher = EventFetcher(case.database, records="plain")
    return _joined(fetcher.fetch_events_iter(case.keys, DOMAIN, whole_cids=whole_cids))


def _row_batches(case: Case) -> list[Any]:
    batches = case.database.read_sql_df_slow_iter(QUERY)
    return [row for _, rows in batches for row in rows]


def _arrow_batches(case: Case) -> list[Any]:
    batches = case.database.read_sql_arrow_iter(QUERY)
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def _table(case: Case) -> RecordsByKey:
    table = EventFetcher(case.database).fetch_event_table(case.keys, DOMAIN)
    return {cid: [dict(record) for record in table[cid]] for cid in table}


def _parquet(case: Case) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        path.write_text("what was there before")
        try:
            EventFetcher(case.database).to_parquet(case.keys, DOMAIN, path)
        except TracekitError:
            assert path.read_text() == "what was there before"
            raise
        finally:
            assert list(Path(folder).iterdir()) == [path]
        rows: list[Any] = pq.read_table(path).to_pylist()
        return rows


READERS: dict[str, Callable[[Case], Any]] = {
    "plain": lambda case: EventFetcher(case.database, records="plain").fetch_events(
        case.keys, DOMAIN
    ),
    "lean": lambda case: EventFetcher(case.database).fetch_events(case.keys, DOMAIN),
    "stream": _stream,
    "whole_cids": lambda case: _stream(case, whole_cids=True),
    "legacy": lambda case: sorted(  # CIDs come in the order in which batches end
        LegacyEventFetcher(case.database).fetch_events(case.keys, DOMAIN).items()
    ),
    "table": _table,
    "parquet": _parquet,
    "frame": lambda case: case.database.read_sql_df(QUERY).to_dict("split"),
    "row_batches": _row_batches,
    "arrow_batches": _arrow_batches,
}
FAULTS = {
    "refuse once": ConnectError,
    "refuse every=2": ConnectError,
    "deny_login once": ConnectError,
    "drop once": FetchError,
    f"drop statement={TABLE} once": FetchError,
    "drop_after rows=150 once": FetchError,
    "drop_in_row row=177 once": FetchError,
    "truncate rows=150 once": FetchError,
    "half_open rows=150 once": FetchError,
    "error code=1555 rows=177 once": FetchError,
    "error code=3113 rows=177 once": FetchError,
    "error code=28 rows=177 once": FetchError,
    f"stall statement={TABLE} once": FetchError,
    "stall rows=150 once": FetchError,
    "delay seconds=0.002": None,
    "delay_rows seconds=0.00002": None,
}


@pytest.fixture(scope="module")
def undisturbed(case: Case) -> dict[str, str]:
    """What each reader gives when nothing is wrong, as text with types and order."""
    return {name: repr(read(case)) for name, read in READERS.items()}


def test_all_readers_meet_the_rows_where_faults_strike(
    case: Case, undisturbed: dict[str, str]
) -> None:
    events = READERS["plain"](case)
    for start in (0, 1000):
        batch = case.keys[start : start + 1000]
        assert sum(len(events.get(cid, ())) for cid in batch) > 200
    same = {undisturbed[name] for name in ("plain", "lean", "stream", "whole_cids", "table")}
    assert len(same) == 1


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_equal_result_or_a_named_error(
    case: Case,
    undisturbed: dict[str, str],
    fault: str,
    reader: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = fault.startswith(("stall", "half_open"))
    if waits:
        monkeypatch.setattr("tracekit.keyed.legacy_fetcher._TIMEOUT_SECONDS", HASTY_SECONDS)
    set_fault = case.local.faults.add(fault)
    error: TracekitError | None = None
    try:
        result = READERS[reader](case.hasty() if waits else case)
    except (ConnectError, FetchError) as exc:
        error = exc
    else:
        assert repr(result) == undisturbed[reader]
    expected, struck = FAULTS[fault], case.local.faults.fired[set_fault]
    if expected is None or fault == "refuse every=2":  # some readers connect only once
        assert (error is not None) == (expected is not None and struck > 0)
    else:
        assert error is not None
        assert struck or waits  # on a busy machine an undisturbed call may be too slow too
    cause = error.failures[0].cause if isinstance(error, BatchFetchError) else error
    if cause is not None:
        assert type(cause) is expected
        assert case.local.dsn in str(error)
        assert case.local.password not in str(error)


PASSING = [
    "refuse once",
    "refuse code=12541 times=2",
    f"drop statement={TABLE} once",
    "drop_after rows=150 once",
    "drop_in_row row=177 once",
    "truncate rows=150 once",
    "error code=3113 rows=177 once",
]
"""Faults of the connection that a further attempt does not meet."""
LASTING = ["refuse", f"drop statement={TABLE}", "drop_after rows=150", "error code=3135 rows=177"]
OTHERS = ["deny_login once", "error code=1555 rows=177 once", "error code=28 rows=177 once"]
HAND_OUT_ROWS = {"stream", "row_batches", "arrow_batches"}
"""Readers whose consumer may have seen rows of the batch in which a fault strikes."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_of_the_connection_that_passes_leaves_an_equal_result(
    case: Case, undisturbed: dict[str, str], fault: str, reader: str
) -> None:
    again = case.persistent()
    set_fault = case.local.faults.add(fault)
    may_be_seen = reader in HAND_OUT_ROWS and "row" in fault
    try:
        result = READERS[reader](again)
    except (ConnectError, FetchError):
        assert may_be_seen or reader == "legacy"
    else:
        assert reader != "legacy"
        assert repr(result) == undisturbed[reader]
        assert again.database.retry.count == case.local.faults.fired[set_fault] > 0


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_of_the_connection_that_lasts_is_an_error_that_tells_how_often_it_was_tried(
    case: Case, fault: str, reader: str
) -> None:
    again = case.persistent()
    case.local.faults.add(fault)
    with pytest.raises((ConnectError, FetchError)) as caught:
        READERS[reader](again)
    error = caught.value
    cause = error.failures[0].cause if isinstance(error, BatchFetchError) else error
    assert isinstance(cause, ConnectError if fault == "refuse" else FetchError)
    seen = reader in HAND_OUT_ROWS and "rows=" in fault
    if reader == "legacy" or (seen and reader != "stream"):
        assert cause.retries == again.database.retry.count == 0
    elif not seen:
        assert cause.retries == ATTEMPTS
        assert again.database.retry.count >= ATTEMPTS
    if isinstance(error, BatchFetchError) and cause.retries:
        assert "tried" in str(error)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", OTHERS)
def test_other_faults_are_raised_immediately(case: Case, fault: str, reader: str) -> None:
    again = case.persistent()
    case.local.faults.add(fault)
    with pytest.raises((ConnectError, FetchError)):
        READERS[reader](again)
    assert again.database.retry.count == 0


@pytest.mark.parametrize("reader", ["plain", "lean"])
@settings(deadline=None, max_examples=8)
@given(drops=st.lists(st.integers(1, 500), max_size=4), rows=st.sampled_from([1, 20, 100, 5000]))
def test_wherever_connections_drop_a_fetch_is_equal_or_a_named_error(
    case: Case, undisturbed: dict[str, str], reader: str, drops: list[int], rows: int
) -> None:
    again = case.persistent()
    again.database.fetchmany_size = max(rows, 5)
    case.local.faults.clear()
    for row in drops:
        case.local.faults.drop_in_row(row, once=True)
    try:
        result = READERS[reader](again)
    except BatchFetchError as error:
        assert error.failures[0].cause.retries == ATTEMPTS  # type: ignore[attr-defined]
    else:
        assert repr(result) == undisturbed[reader]
        assert again.database.retry.count == sum(case.local.faults.fired.values())


@settings(deadline=None, max_examples=8)
@given(drops=st.lists(st.integers(1, 500), max_size=3), rows=st.sampled_from([5, 50, 300]))
def test_wherever_connections_drop_a_stream_never_doubles_or_loses_a_record(
    case: Case, undisturbed: dict[str, str], drops: list[int], rows: int
) -> None:
    again = case.persistent()
    case.local.faults.clear()
    for row in drops:
        case.local.faults.drop_in_row(row, once=True)
    fetcher = EventFetcher(again.database, records="plain")
    given_out: RecordsByKey = {}
    try:
        for piece in fetcher.fetch_events_iter(case.keys, DOMAIN, rows):
            for cid, records in piece.items():
                given_out.setdefault(cid, []).extend(records)
    except BatchFetchError:
        assert drops
        case.local.faults.clear()
        whole = fetcher.fetch_events(case.keys, DOMAIN)
        for cid, records in given_out.items():
            assert records == whole[cid][: len(records)]
    else:
        assert repr(given_out) == undisturbed["plain"]


def _second_batch_is_larger(case: Case) -> tuple[list[str], int, RecordsByKey]:
    """CIDs in two batches, a number of rows that only the second has, and all events."""
    whole = EventFetcher(case.database, records="plain").fetch_events(case.keys, DOMAIN)
    some = list(whole)[::4]
    cids = [*some, *sorted(set(case.keys) - set(some), key=lambda cid: (cid in whole, cid))]
    rows = [sum(len(whole.get(cid, ())) for cid in part) for part in (cids[:1000], cids[1000:])]
    assert 2 * ROWS < rows[0] < rows[1] - 2 * ROWS
    return cids, rows[0] + ROWS + ROWS // 2, whole


@pytest.mark.parametrize("records", ["plain", "lean"])
@pytest.mark.parametrize("fault", ["drop_after", "error code=1555"])
def test_a_partial_result_is_whole_batches_and_names_the_rest(
    case: Case, fault: str, records: str
) -> None:
    cids, rows, whole = _second_batch_is_larger(case)
    case.local.faults.add(f"{fault} rows={rows}")
    fetcher = EventFetcher(case.database, records=records, max_workers=1)  # type: ignore[arg-type]
    events = fetcher.fetch_events(cids, DOMAIN, allow_partial=True)
    assert isinstance(events, PartialRecords)
    (failure,) = events.failures
    assert (failure.batch_index, failure.key_count) == (1, 1000)
    assert dict(events) == {cid: whole[cid] for cid in cids[:1000] if cid in whole}


@pytest.mark.parametrize("fault", ["drop_after", "error code=1555"])
def test_a_stream_gives_the_rows_before_the_fault_and_never_ends_as_if_whole(
    case: Case, fault: str
) -> None:
    cids, rows, _ = _second_batch_is_larger(case)
    fetcher = EventFetcher(case.database, records="plain", max_workers=1)
    whole = list(fetcher.fetch_events_iter(cids, DOMAIN))
    case.local.faults.add(f"{fault} rows={rows}")
    pieces: list[RecordsByKey] = []
    with pytest.raises(BatchFetchError) as info:
        pieces.extend(fetcher.fetch_events_iter(cids, DOMAIN))
    assert info.value.failures[0].batch_index == 1
    assert pieces == whole[: len(pieces)]
    assert 0 < len(pieces) < len(whole)


def test_a_fetch_logs_on_once_for_each_worker(case: Case) -> None:
    third = case.local.faults.refuse(connection=3)
    many = [f"{cid}-{n}" for n in range(10) for cid in case.keys]
    EventFetcher(case.database, records="plain", max_workers=2).fetch_events(many, DOMAIN)
    assert case.local.faults.fired[third] == 0


def test_a_stream_left_half_way_breaks_off_the_calls_it_waits_in(case: Case) -> None:
    stall = case.local.faults.stall(rows=150)
    pieces = EventFetcher(case.database, max_workers=2).fetch_events_iter(case.keys, DOMAIN)
    next(pieces)
    until(lambda: case.local.faults.fired[stall] > 0)
    start = time.monotonic()
    pieces.close()
    assert time.monotonic() - start < PATIENT_SECONDS / 2


def test_a_failed_batch_breaks_off_the_batches_that_nobody_will_see(case: Case) -> None:
    stall = case.local.faults.stall(statement=TABLE, connection=1)
    fault = case.local.faults.error(1555, connection=2)
    start = time.monotonic()
    with pytest.raises(BatchFetchError, match="ORA-01555") as info:
        EventFetcher(case.database, records="plain", max_workers=2).fetch_events(case.keys, DOMAIN)
    assert time.monotonic() - start < PATIENT_SECONDS / 2
    assert [failure.key_count for failure in info.value.failures] == [1000]
    assert case.local.faults.fired[stall] <= 1 == case.local.faults.fired[fault]


def test_one_failed_batch_ends_a_fetch_of_many(case: Case) -> None:
    """Batches that have not begun are not read once one has failed."""
    fault = case.local.faults.error(1555, connection=1)
    delay = case.local.faults.delay(0.02, statement=TABLE)
    fetcher = EventFetcher(case.database, records="plain", max_workers=2)
    many = [f"{cid}-{n}" for n in range(10) for cid in case.keys]
    with pytest.raises(BatchFetchError) as info:
        fetcher.fetch_events(many, DOMAIN)
    assert case.local.faults.fired[fault] == 1
    assert info.value.batch_count == 20
    assert case.local.faults.fired[delay] < 10
