"""Pages and streams of a result that is at hand: what they hold, and what they touch."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError, JobError, ResultIncomplete
from tracekit.jobs.chunk import ChunkEntry, pack, unpack
from tracekit.jobs.legacy_result import LegacyResult
from tracekit.jobs.manifest import DomainContents, Manifest
from tracekit.jobs.result import read_page
from tracekit.jobs.result_lines import result_lines
from tracekit.jsonvalue import encode
from tracekit.ndjson import Position, read_stream


class ResultAtHand:
    """Chunks of given sizes holding 0, 1, 2, ...; remembers which were read."""

    def __init__(self, sizes: list[int], profile: str = "query_tool") -> None:
        packed = []
        start = 0
        for size in sizes:
            packed.append(pack([encode({"N": number}) for number in range(start, start + size)]))
            start += size
        contents = DomainContents(tuple(entry for entry, _ in packed), cids_with_rows=start)
        self._stored = [stored for _, stored in packed]
        self.touched: list[int] = []
        self.manifest = Manifest(profile, start + 1, {"history": contents})

    def records_json(self, domain: str, chunk: int) -> bytes:
        self.touched.append(chunk)
        entry = self.manifest.domains[domain].chunks[chunk]
        return unpack(self._stored[chunk], entry, f"{domain}:{chunk}")


SIZES = st.lists(st.integers(1, 7), max_size=6)


@given(SIZES, st.integers(0, 50), st.integers(1, 50))
def test_a_page_is_the_slice_and_touches_only_its_chunks(
    sizes: list[int], offset: int, limit: int
) -> None:
    result = ResultAtHand(sizes)
    page = read_page(result, "history", offset, limit)
    everything = list(range(sum(sizes)))
    assert [record["N"] for record in page.records] == everything[offset : offset + limit]
    assert page.total == sum(sizes)
    holders = [number for number, size in enumerate(sizes) for _ in range(size)]
    assert result.touched == sorted(set(holders[offset : offset + limit]))


@given(SIZES.filter(bool), st.data())
def test_a_stream_taken_up_anywhere_completes_what_came_before(
    sizes: list[int], data: st.DataObject
) -> None:
    after = data.draw(st.integers(0, len(sizes) - 1))
    lines = result_lines(ResultAtHand(sizes), "j", Position("history", after))
    found = [record["N"] for _, record in read_stream(lines)]
    assert found == list(range(sum(sizes[: after + 1]), sum(sizes)))


def test_a_place_the_result_does_not_have_is_refused_before_the_first_line() -> None:
    for place in (Position("history", 1), Position("holds", 0)):
        with pytest.raises(ConfigError, match="no such chunk"):
            result_lines(ResultAtHand([3]), "j", place)


def test_only_the_aggregated_profile_ends_with_sums() -> None:
    def kinds(profile: str) -> list[str]:
        return [json.loads(line)["type"] for line in result_lines(ResultAtHand([2], profile), "j")]

    assert "aggregation" not in kinds("query_tool")
    assert kinds("mid_section_defect")[-2:] == ["aggregation", "complete"]


def test_a_stream_reads_one_chunk_ahead_of_nothing() -> None:
    result = ResultAtHand([1, 1, 1])
    lines = result_lines(result, "j")
    assert [json.loads(next(lines))["type"] for _ in range(3)][-1] == "records"
    assert result.touched == [0]


@given(st.binary(max_size=400))
def test_a_chunk_of_other_bytes_is_incomplete(stored: bytes) -> None:
    entry, _ = pack([b'{"N":1}'])
    with pytest.raises(ResultIncomplete, match="history:0 is damaged"):
        unpack(stored, entry, "history:0")
    with pytest.raises(ResultIncomplete, match="history:0 is missing"):
        unpack(None, entry, "history:0")


def test_a_chunk_with_fewer_rows_than_promised_is_incomplete() -> None:
    entry, stored = pack([b'{"N":1}'])
    result = ResultAtHand([2])
    result._stored[0] = stored
    lying = DomainContents((ChunkEntry(2, entry.size_bytes, entry.sha256),), 1)
    result.manifest = Manifest("query_tool", 1, {"history": lying})
    with pytest.raises(ResultIncomplete, match="does not have the expected rows"):
        read_page(result, "history", 0, 5)
    with pytest.raises(ResultIncomplete):
        list(read_stream(result_lines(result, "j")))


def test_an_unrequested_domain_is_an_error_that_names_the_requested_ones() -> None:
    with pytest.raises(JobError, match=r"'holds'; it has history"):
        read_page(ResultAtHand([1]), "holds", 0, 1)


def test_a_legacy_result_reads_like_any_other() -> None:
    data = [{"CONTAINERID": f"C{number}", "N": number} for number in range(5001)]
    legacy = LegacyResult({"results": {"history": {"data": data, "count": 5001}}})
    assert read_page(legacy, "history", 4999, 2).records == data[4999:]
    assert [record for _, record in read_stream(result_lines(legacy, "j"))] == data


def test_a_legacy_result_with_records_missing_is_incomplete() -> None:
    with pytest.raises(ResultIncomplete, match="1 records, not 2"):
        LegacyResult({"results": {"history": {"data": [{}], "count": 2}}})
