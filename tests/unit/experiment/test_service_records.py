"""What the path `service` makes of JSON again, and how its processes add up."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ResultIncomplete
from tracekit.experiment.pipeline_memory import PipelineFigures
from tracekit.experiment.service_candidate import parse_date, restore
from tracekit.jsonvalue import encode
from tracekit.records import ProcessMeasurement

RECORDS = st.fixed_dictionaries(
    {
        "AT": st.none() | st.datetimes(),
        "QTY": st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        "NAME": st.none() | st.text(),
    }
)


@given(RECORDS)
def test_a_record_comes_back_with_its_types(record: dict[str, object]) -> None:
    found = json.loads(encode(record))
    restore(found, {"AT": parse_date})
    assert found == record
    assert [type(one) for one in found.values()] == [type(one) for one in record.values()]


@pytest.mark.parametrize("text", ["2026-01-01 02:03:00", "2026-01-01", "NaT", "", 5])
def test_a_date_of_other_bytes_is_damaged(text: object) -> None:
    assert parse_date("2026-01-01T02:03:00") == datetime(2026, 1, 1, 2, 3)
    with pytest.raises(ResultIncomplete, match="column AT is damaged"):
        restore({"AT": text}, {"AT": parse_date})


def test_a_process_counts_once_with_its_highest_phase() -> None:
    processes = (
        ProcessMeasurement("web", 60, 65, 5, "accepting"),
        ProcessMeasurement("web", 60, 75, 15, "streaming"),
        ProcessMeasurement("store", 7, 107, 100),
    )
    figures = PipelineFigures(processes, 1.0, ())
    assert (figures.rss_baseline_bytes, figures.rss_peak_bytes) == (67, 182)
