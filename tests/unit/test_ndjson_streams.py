"""Streams of lines: whatever is missing, moved or changed is noticed."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError, JobError, JobNotComplete, JobNotFound, ResultIncomplete
from tracekit.jsonvalue import encode
from tracekit.ndjson import LineWriter, Position, RecordStream, read_stream

CHUNKS = {"history": [[{"N": 1}, {"N": 2**60}], [{"N": 3}]], "holds": [], "jobs": [[{"T": "批次"}]]}


def stream(after: Position | None = None) -> list[bytes]:
    writer = LineWriter()
    domains = list(CHUNKS)
    first = domains.index(after.domain) if after else 0
    before = {
        domain: sum(map(len, CHUNKS[domain][: after.chunk + 1 if domain == after.domain else None]))
        for domain in domains[: first + 1]
        if after
    }
    lines = [
        writer.meta(
            job_id="j",
            profile="query_tool",
            domains=domains,
            cids=3,
            resumed=(after, before) if after else None,
        )
    ]
    for domain in domains[first:]:
        chunks = CHUNKS[domain]
        lines.append(writer.domain_start(domain, chunks=len(chunks), rows=sum(map(len, chunks))))
        for number, records in enumerate(chunks):
            if after is None or domain != after.domain or number > after.chunk:
                lines.append(writer.records(domain, number, len(records), encode(records)))
        lines.append(writer.domain_end(domain))
    lines.append(writer.aggregation("history", rows=3, cids=3, cids_without_rows=1))
    lines.append(writer.warning("SLOW", "it took long"))
    lines.append(writer.complete())
    return lines


WHOLE = [
    (domain, one) for domain, chunks in CHUNKS.items() for records in chunks for one in records
]


def test_a_whole_stream_gives_every_record_and_its_totals() -> None:
    read = read_stream(stream())
    assert list(read) == WHOLE
    assert read.complete is not None
    assert read.complete["domains"] == {"history": 3, "holds": 0, "jobs": 1}
    assert read.aggregations["history"]["cids_without_rows"] == 1
    assert [warning["code"] for warning in read.warnings] == ["SLOW"]
    assert read.position == "jobs:0"


def test_lines_have_the_promised_order_and_fields() -> None:
    lines = [json.loads(line) for line in stream()]
    assert [line["type"] for line in lines] == [
        *("meta", "domain_start", "records", "records", "domain_end"),
        *("domain_start", "domain_end", "domain_start", "records", "domain_end"),
        *("aggregation", "warning", "complete"),
    ]
    assert lines[0] == {
        "type": "meta",
        "job_id": "j",
        "profile": "query_tool",
        "domains": ["history", "holds", "jobs"],
        "cids": 3,
        "schema_version": 1,
    }


@given(cut=st.integers(0, len(b"".join(stream())) - 1))
def test_a_stream_cut_anywhere_is_incomplete(cut: int) -> None:
    lines = b"".join(stream())[:cut].splitlines(keepends=True)
    with pytest.raises(ResultIncomplete):
        list(read_stream(lines))


@given(place=st.integers(0, len(b"".join(stream())) - 1), bit=st.integers(0, 7))
def test_a_stream_with_one_bit_changed_is_incomplete(place: int, bit: int) -> None:
    damaged = bytearray(b"".join(stream()))
    damaged[place] ^= 1 << bit
    with pytest.raises(ResultIncomplete):
        list(read_stream(bytes(damaged).splitlines(keepends=True)))


def test_no_bit_of_the_last_line_changes_unnoticed() -> None:
    """The checksum is in it, so it cannot be of it."""
    *lines, last = stream()
    for place in range(8 * len(last)):
        damaged = bytearray(last)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(ResultIncomplete):
            list(read_stream([*lines, *bytes(damaged).splitlines(keepends=True)]))


@given(st.data())
def test_a_stream_with_lines_lost_repeated_or_swapped_is_incomplete(data: st.DataObject) -> None:
    lines = stream()
    picks = st.lists(st.sampled_from(range(len(lines))), max_size=len(lines) + 2)
    order = data.draw(picks.filter(lambda found: found != list(range(len(lines)))))
    with pytest.raises(ResultIncomplete):
        list(read_stream([lines[number] for number in order]))


@pytest.mark.parametrize("after", ["history:0", "history:1", "jobs:0"])
def test_a_stream_resumed_gives_the_rest_and_the_same_totals(after: str) -> None:
    position = Position.parse(after)
    read = read_stream(stream(position))
    rest = [
        (domain, one)
        for domain in list(CHUNKS)[list(CHUNKS).index(position.domain) :]
        for number, records in enumerate(CHUNKS[domain])
        if domain != position.domain or number > position.chunk
        for one in records
    ]
    assert list(read) == rest
    assert read.complete is not None
    assert read.complete["rows"] == len(WHOLE)


LEGACY = [
    {"type": "meta", "job_id": "j", "profile": "p", "domains": ["history", "holds"]},
    {"type": "domain_start", "domain": "history", "total": 3},
    {"type": "records", "domain": "history", "batch": 0, "count": 2, "data": [{"A": 1}, {"A": 2}]},
    {"type": "records", "domain": "history", "batch": 1, "count": 1, "data": [{"A": 3}]},
    {"type": "domain_end", "domain": "history", "count": 3},
    {"type": "domain_start", "domain": "holds", "total": 0},
    {"type": "domain_end", "domain": "holds", "count": 0},
    {"type": "aggregation", "data": {"defects": 2}},
    {"type": "complete", "total_records": 3},
]


def legacy(lines: list[Any]) -> list[bytes]:
    return [json.dumps(line).encode() + b"\n" for line in lines]


def test_a_stream_of_the_legacy_system_is_read() -> None:
    read = read_stream(legacy(LEGACY))
    assert list(read) == [("history", {"A": number}) for number in (1, 2, 3)]
    assert read.aggregations == {"defects": 2}
    assert read.complete == LEGACY[-1]


@pytest.mark.parametrize("lost", range(1, len(LEGACY)))
def test_a_stream_of_the_legacy_system_that_lost_a_line_is_incomplete(lost: int) -> None:
    if LEGACY[lost]["type"] == "aggregation":
        return
    with pytest.raises(ResultIncomplete):
        list(read_stream(legacy(LEGACY[:lost] + LEGACY[lost + 1 :])))


def test_a_stream_of_the_legacy_system_without_a_failed_domain_is_incomplete() -> None:
    warning = {"type": "warning", "code": "PARTIAL", "failed_domains": ["holds"]}
    with pytest.raises(ResultIncomplete, match="without holds, which failed"):
        list(read_stream(legacy([*LEGACY[:5], warning, LEGACY[-1]])))
    with pytest.raises(ResultIncomplete, match="no reason"):
        list(read_stream(legacy([*LEGACY[:5], {"type": "error", "message": "no reason"}])))


def test_a_full_result_of_the_legacy_system_is_read() -> None:
    data = {"results": {"history": {"data": [{"A": 1}], "count": 1}}}
    lines = [LEGACY[0] | {"domains": ["history"]}, {"type": "full_result", "data": data}]
    complete = {"type": "complete", "total_records": 1}
    assert list(read_stream(legacy([*lines, complete]))) == [("history", {"A": 1})]
    with pytest.raises(ResultIncomplete, match="announces 2 rows"):
        list(read_stream(legacy([*lines, complete | {"total_records": 2}])))


def test_an_error_line_is_raised_with_its_code() -> None:
    writer = LineWriter()
    lines = [
        writer.meta(job_id="j", profile="p", domains=["history"], cids=1),
        writer.error("RESULT_INCOMPLETE", "chunk history:0 is missing"),
    ]
    with pytest.raises(ResultIncomplete, match=r"RESULT_INCOMPLETE: chunk history:0 is missing"):
        list(read_stream(lines))


def test_nan_is_not_json() -> None:
    lines = [line.replace(b'"N":3', b'"N":NaN') for line in stream()]
    with pytest.raises(ResultIncomplete, match="that is not a JSON object"):
        list(read_stream(lines))


@pytest.mark.parametrize("text", ["", "history", "history:", "history:-1", "a b:1", "history:1:2"])
def test_a_malformed_position_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="DOMAIN:CHUNK"):
        Position.parse(text)


def test_only_http_urls_are_opened() -> None:
    with pytest.raises(ConfigError, match="is not an http or https URL"):
        read_stream("file:///etc/passwd")


def _lines(*fields: dict[str, Any]) -> list[bytes]:
    return [json.dumps(one).encode() + b"\n" for one in fields]


def _changed(kind: str, nth: int = 0, **changes: Any) -> list[bytes]:
    """The whole stream with fields of its n-th line of one type changed."""
    fields = [json.loads(line) for line in stream()]
    [one for one in fields if one["type"] == kind][nth].update(changes)
    return _lines(*fields)


def _legacy(*body: dict[str, Any]) -> list[bytes]:
    meta = {"type": "meta", "job_id": "j", "profile": "p", "domains": ["a", "b"]}
    return _lines(meta, *body)


def _legacy_domain(name: str) -> list[dict[str, Any]]:
    return [
        {"type": "domain_start", "domain": name, "total": 1},
        {"type": "records", "domain": name, "batch": 0, "count": 1, "data": [{"N": 1}]},
        {"type": "domain_end", "domain": name, "count": 1},
    ]


COMPLETE_OF_TWO = {"type": "complete", "total_records": 2}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([stream()[i] for i in (0, 5, 6, 1, 2, 3, 4, *range(7, 13))], "starts domain 'holds' out"),
        (_changed("domain_end", domain="jobs"), "ends domain 'jobs' out of order"),
        (_changed("domain_end", count=2), r"has \(2, 3\) chunks and rows of history, not \(2, 3\)"),
        (_changed("domain_start", total=2), r"has \(2, 3\) chunks and rows of history, not \(2, 2"),
        (
            [*stream()[:7], *stream()[10:]],
            "^the stream completes before all domains were seen after",
        ),
        (_changed("complete", sha256="0"), "the stream fails its checksum after jobs:0"),
        (
            _changed("records", batch=1),
            "has chunk history:1 where history:0 is due before its first",
        ),
        (_changed("records", domain="jobs"), "has chunk jobs:0 where history:0 is due"),
        ([stream()[0], *stream()], "the stream has a 'meta' line out of order"),
        (stream()[1:], "the stream has a 'domain_start' line out of order"),
        (stream()[:-1], "the stream ended without its complete line after jobs:0"),
        ([*stream()[:3], b"[1]\n"], r"the stream has a line that is not a JSON object: b'\[1\]"),
        (
            [*stream()[:1], b'{"type":"domain_start"}\n'],
            r"has a malformed domain_start line \(KeyE",
        ),
    ],
)
def test_what_is_wrong_is_named(lines: list[bytes], said: str) -> None:
    with pytest.raises(ResultIncomplete, match=said):
        list(read_stream(lines))


def test_a_malformed_line_keeps_its_cause() -> None:
    with pytest.raises(ResultIncomplete) as caught:
        list(read_stream([stream()[0], b'{"type":"domain_start"}\n']))
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("kind", [1, "of_a_later_version"])
def test_a_line_of_an_unknown_type_is_passed_over(kind: object) -> None:
    lines = [stream()[0], *_lines({"type": kind}), *stream()[1:-1]]
    with pytest.raises(ResultIncomplete, match="ended without its complete line"):
        list(read_stream(lines))


def test_nothing_is_known_before_the_first_line() -> None:
    read = read_stream(stream())
    assert (read.meta, read.position, read.complete) == ({}, None, None)


def test_legacy_domains_come_in_any_order() -> None:
    lines = _legacy(*_legacy_domain("b"), *_legacy_domain("a"), COMPLETE_OF_TWO)
    assert list(read_stream(lines)) == [("b", {"N": 1}), ("a", {"N": 1})]


def test_a_legacy_aggregation_is_of_all_domains() -> None:
    sums = {"type": "aggregation", "data": {"sum": 2}}
    read = read_stream(_legacy(*_legacy_domain("a"), *_legacy_domain("b"), sums, COMPLETE_OF_TWO))
    assert len(list(read)) == 2
    assert read.aggregations == {"sum": 2}


def test_an_aggregation_of_one_domain_is_kept_under_its_name() -> None:
    read = read_stream(stream())
    list(read)
    assert list(read.aggregations) == ["history"]
    with pytest.raises(ResultIncomplete, match="counts 4 rows of history, not those it contains"):
        list(read_stream(_changed("aggregation", rows=4)))


@pytest.mark.parametrize("count", [{}, {"count": 2}])
def test_a_full_result_may_leave_its_counts_out(count: dict[str, int]) -> None:
    part = {"data": [{"N": 1}, {"N": 2}], **count}
    full = {"type": "full_result", "data": {"results": {"a": part}}}
    assert len(list(read_stream(_legacy(full, COMPLETE_OF_TWO)))) == 2


def test_a_full_result_with_another_count_is_incomplete() -> None:
    part = {"data": [{"N": 1}, {"N": 2}], "count": 3}
    full = {"type": "full_result", "data": {"results": {"a": part}}}
    with pytest.raises(ResultIncomplete, match="has 2 records of a, not 3"):
        list(read_stream(_legacy(full, COMPLETE_OF_TWO)))


def test_an_error_without_a_code_is_an_error() -> None:
    with pytest.raises(ResultIncomplete, match="ended with an error: it broke before its first"):
        list(read_stream(_legacy({"type": "error", "message": "it broke"})))


def test_all_failed_domains_are_named() -> None:
    failed = {"type": "warning", "code": "X", "failed_domains": ["a", "b"]}
    with pytest.raises(ResultIncomplete, match="completes without a, b, which failed"):
        list(read_stream(_legacy(failed, {"type": "complete", "total_records": 0})))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "https:/x", "ftp://host/x"])
def test_other_urls_are_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigError, match="is not an http or https URL"):
        read_stream(url)


def test_every_kind_of_line_has_the_legacy_fields_and_ours() -> None:
    first: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, stream()):
        first.setdefault(line.pop("type"), line)
    sums = {"rows": 3, "cids": 3, "cids_without_rows": 1}
    assert first["domain_start"] == {"domain": "history", "total": 3, "chunks": 2, "rows": 3}
    assert first["domain_end"] == {"domain": "history", "count": 3, "rows": 3}
    assert first["aggregation"] == {"domain": "history", **sums, "data": {"history": sums}}
    chunk = {"domain": "history", "batch": 0, "chunk": 0, "count": 2}
    assert first["records"] == {**chunk, "data": CHUNKS["history"][0]}
    warning = {"code": "SLOW", "message": "it took long", "failed_domains": []}
    assert first["warning"] == warning


class Served(ThreadingHTTPServer):
    """Answers every request with `status` and `body`; remembers what was asked."""

    daemon_threads = True
    status = 200
    body = b""
    encoding: str | None = None
    asked: dict[str, Any]

    class RequestHandlerClass(BaseHTTPRequestHandler):
        server: Served

        def do_GET(self) -> None:
            self.server.asked = {"path": self.path, **self.headers}
            self.send_response(self.server.status)
            if self.server.encoding is not None:
                self.send_header("Content-Encoding", self.server.encoding)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *args: object) -> None:
            pass

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/result?pretty=1&after=jobs:9"


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(("127.0.0.1", 0), Served.RequestHandlerClass) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_url_is_read_plain_or_compressed(served: Served, encoding: str | None) -> None:
    served.body, served.encoding = b"".join(stream()), encoding
    if encoding:
        served.body = gzip.compress(served.body)
    with read_stream(served.url) as read:
        assert list(read) == WHOLE
    assert served.asked["Accept"] == "application/x-ndjson"
    assert served.asked["Accept-Encoding"] == "gzip"
    assert "Authorization" not in served.asked
    assert served.asked["path"] == "/result?pretty=1&after=jobs:9"


def test_the_token_and_the_position_are_sent(served: Served) -> None:
    served.body = b"".join(stream(Position("history", 1)))
    with read_stream(served.url, after="history:1", token="s3cret") as read:
        assert [domain for domain, _ in read] == ["jobs"]
    assert served.asked["Authorization"] == "Bearer s3cret"
    asked = parse_qsl(urlsplit(served.asked["path"]).query)
    assert asked == [("pretty", "1"), ("after", "history:1")]


def test_a_compressed_stream_cut_off_is_incomplete(served: Served) -> None:
    served.body, served.encoding = gzip.compress(b"".join(stream()))[:-12], "gzip"
    with pytest.raises(ResultIncomplete, match="broke off") as caught:
        list(read_stream(served.url))
    assert isinstance(caught.value.__cause__, EOFError)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (404, b'{"error":{"code":"NO_JOB","message":"none"}}', JobNotFound, "^NO_JOB: none$"),
        (409, b'{"error":{"code":"RUNS","message":"wait"}}', JobNotComplete, "^RUNS: wait$"),
        (500, b"<html>", JobError, "^the server answered 500 Internal Server Error$"),
        (
            410,
            b'{"error":{"code":"%b","message":""}}' % (b"x" * 70_000),
            JobError,
            "^the server answered 410 Gone$",
        ),
        (500, b'{"error":1}', JobError, "^the server answered 500 Internal Server Error$"),
    ],
)
def test_a_refusal_is_the_error_it_means(
    served: Served, status: int, body: bytes, kind: type[JobError], said: str
) -> None:
    served.status, served.body = status, body
    with pytest.raises(JobError, match=said) as caught:
        read_stream(served.url)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is not None


def test_a_stream_that_was_closed_gives_no_more(served: Served) -> None:
    served.body = b"".join(stream())
    with read_stream(served.url) as read:
        pass
    with pytest.raises(ResultIncomplete):
        list(read)


def test_the_connection_is_closed_whether_read_or_not() -> None:
    closed: list[str] = []
    with RecordStream(stream(), close=lambda: closed.append("unread")):
        assert closed == []
    assert list(RecordStream(stream(), close=lambda: closed.append("read"))) == WHOLE
    assert closed == ["unread", "read"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_does_not_answer_in_time_is_an_error(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(JobError, match=f"^{host} could not be reached: .*timed out"):
            read_stream(f"{scheme}://{host}/", timeout_seconds=0.05)
