"""Requests are judged by what they say, before anything is done for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.config import TraceSettings
from tracekit.errors import AdmissionError
from tracekit.jobs import AGGREGATED_PROFILES, PROFILES
from tracekit.jsonvalue import encode
from tracekit.service.admission import Admission, admit
from tracekit.service.events_request import parse_events_request
from tracekit.service.problems import Problem

SETTINGS = TraceSettings(async_cid_threshold=20, cid_limit=50)


@given(st.sampled_from(PROFILES), st.integers(1, 100), st.booleans())
def test_admission_follows_the_two_thresholds(profile: str, count: int, queue: bool) -> None:
    refused = count > 50 and not queue and profile not in AGGREGATED_PROFILES
    if refused:
        with pytest.raises(AdmissionError) as caught:
            admit(profile, count, SETTINGS, lambda: queue)
        assert (caught.value.key_count, caught.value.limit) == (count, 50)
        return
    expected = Admission.AS_JOB if count > 20 and queue else Admission.AT_ONCE
    assert admit(profile, count, SETTINGS, lambda: queue) is expected


def test_small_requests_do_not_touch_the_queue() -> None:
    def asked() -> bool:
        raise AssertionError("asked")

    assert admit("query_tool", 20, SETTINGS, asked) is Admission.AT_ONCE


def body(**changes: object) -> bytes:
    return encode(
        {"profile": "query_tool", "container_ids": [" A ", "B", "A", ""], "domains": ["history"]}
        | changes
    )


def test_cids_are_normalised() -> None:
    wanted = parse_events_request(body(domains=["holds", "history", "holds"]))
    assert wanted.container_ids == ["A", "B"]
    assert wanted.domains == ("holds", "history")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"{", "INVALID_JSON"),
        (b"\xff", "INVALID_JSON"),
        (b"[]", "INVALID_REQUEST"),
        (body(container_ids=["SECRET", 7]), "INVALID_REQUEST"),
        (body(container_ids="SECRET"), "INVALID_REQUEST"),
        (body(container_ids=[" "]), "INVALID_CONTAINER_IDS"),
        (body(container_ids=["SECRET" * 20]), "INVALID_CONTAINER_IDS"),
        (body(profile="other"), "UNKNOWN_PROFILE"),
        (body(domains=["other"]), "UNKNOWN_DOMAIN"),
        (body(domains=[]), "INVALID_REQUEST"),
    ],
)
def test_a_request_without_sense_is_refused_without_quoting_cids(sent: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_events_request(sent)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert "SECRET" not in caught.value.message
