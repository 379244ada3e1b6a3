"""`tracekit.read_stream` against a real HTTP server that behaves, and that does not."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

import tracekit
from tracekit.errors import JobError, JobNotComplete, JobNotFound, ResultIncomplete
from tracekit.jsonvalue import encode
from tracekit.ndjson import MEDIA_TYPE, LineWriter


def lines() -> list[bytes]:
    writer = LineWriter()
    return [
        writer.meta(job_id="j", profile="query_tool", domains=["history"], cids=2),
        writer.domain_start("history", chunks=2, rows=2),
        *(writer.records("history", n, 1, encode([{"N": n}])) for n in range(2)),
        writer.domain_end("history"),
        writer.complete(),
    ]


class Answers(BaseHTTPRequestHandler):
    """Answers by the last part of the path."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        self.asked.append({**{k: v[0] for k, v in parse_qs(path.query).items()}, **self.headers})
        getattr(self, f"_{path.path.rpartition('/')[2]}")()

    def _whole(self) -> None:
        self._begin(200, {"Transfer-Encoding": "chunked"})
        for line in lines():
            self._chunk(line)
        self._chunk(b"")

    def _cut(self) -> None:
        self._begin(200, {"Transfer-Encoding": "chunked"})
        for line in lines()[:3]:
            self._chunk(line)
        self.close_connection = True

    def _gzip(self) -> None:
        body = gzip.compress(b"".join(lines()))
        self._begin(200, {"Content-Encoding": "gzip", "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _gzipcut(self) -> None:
        body = gzip.compress(b"".join(lines()))[:-20]
        self._begin(200, {"Content-Encoding": "gzip", "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _unknown(self) -> None:
        self._error(404, "JOB_NOT_FOUND", "unknown job 'x'")

    def _early(self) -> None:
        self._error(409, "JOB_NOT_COMPLETE", "job x is started")

    def _elsewhere(self) -> None:
        self._begin(302, {"Location": "/whole", "Content-Length": "0"})

    def _proxy(self) -> None:
        self._begin(502, {"Content-Length": "4"})
        self.wfile.write(b"oops")

    def _error(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"error": {"code": code, "message": message}}).encode()
        self._begin(status, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": MEDIA_TYPE, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.mark.parametrize("kind", ["whole", "gzip", "elsewhere"])
def test_a_whole_stream_is_read(url: str, kind: str) -> None:
    with tracekit.read_stream(f"{url}/{kind}") as stream:
        assert [record["N"] for _, record in stream] == [0, 1]
    assert stream.complete is not None


def test_a_cut_connection_leaves_a_place_to_resume(url: str) -> None:
    stream = tracekit.read_stream(f"{url}/cut")
    with pytest.raises(ResultIncomplete, match="after history:0"):
        list(stream)
    assert stream.position == "history:0"


def test_cut_gzip_is_incomplete(url: str) -> None:
    with pytest.raises(ResultIncomplete):
        list(tracekit.read_stream(f"{url}/gzipcut"))


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("unknown", JobNotFound, "JOB_NOT_FOUND: unknown job 'x'"),
        ("early", JobNotComplete, "JOB_NOT_COMPLETE: job x is started"),
        ("proxy", JobError, "the server answered 502"),
    ],
)
def test_a_refusal_is_raised_as_what_it_is(
    url: str, kind: str, error: type[JobError], message: str
) -> None:
    with pytest.raises(error, match=message):
        tracekit.read_stream(f"{url}/{kind}")


def test_place_and_token_are_sent_and_the_token_not_handed_on(url: str) -> None:
    Answers.asked.clear()
    with tracekit.read_stream(f"{url}/elsewhere?after=x&a=b", after="history:0", token="secret"):
        pass
    first, redirected = Answers.asked
    assert (first["after"], first["a"]) == ("history:0", "b")
    assert first["Authorization"] == "Bearer secret"
    assert "Authorization" not in redirected


def test_nobody_there_is_a_job_error() -> None:
    with serving() as url:
        pass
    with pytest.raises(JobError, match="could not be reached"):
        tracekit.read_stream(f"{url}/whole")
