"""The web server with clients that are slow, that stop, and that send too much."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from flask import Flask, Response, request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracekit.service import deadlines, wsgi_bridge
from tracekit.service.deadlines import DeadlineProtocol
from tracekit.service.wsgi_bridge import Lane, WsgiBridge

LIMIT = 150_000
PIECE = b"x" * 65_536
THREADS = 2


class StreamingApp:
    """Says what it was asked, and streams without an end."""

    def __init__(self) -> None:
        self.streams: list[str] = []
        self.closed: list[str] = []
        self.flask = Flask("streaming")
        self.flask.add_url_rule("/echo", "echo", self.echo, methods=["GET", "POST"])
        self.flask.add_url_rule("/stream", "stream", self.stream)

    def echo(self) -> dict[str, Any]:
        return {
            "body": len(request.get_data()),
            "method": request.method,
            "arguments": request.args.to_dict(),
            "said": request.headers.getlist("X-Said"),
            "from": request.remote_addr,
        }

    def stream(self) -> Response:
        def pieces() -> Iterator[bytes]:
            self.streams.append("begun")
            try:
                while True:
                    yield PIECE
            finally:
                self.closed.append("closed")

        return Response(pieces())


@contextmanager
def served(app: StreamingApp, answers: int = 64) -> Iterator[int]:
    streams, others = Lane(THREADS, answers), Lane(THREADS, 64)
    bridge = WsgiBridge(
        app.flask, lambda scope: streams if scope["path"] == "/stream" else others, LIMIT
    )
    config = uvicorn.Config(
        bridge, http=DeadlineProtocol, lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    server.config.timeout_graceful_shutdown = 1
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(
            target=asyncio.run, args=(server.serve(sockets=[listener.dup()]),), daemon=True
        )
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(StreamingApp()) as found:
        yield found


def asked(
    port: int, method: str = "GET", path: str = "/echo", body: Any = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request(method, path, body, headers)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        client.close()


def connected(port: int, sent: bytes) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    line.settimeout(20)
    line.connect(("127.0.0.1", port))
    line.sendall(sent)
    return line


STREAM = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_HEADER = b"GET /echo HTTP/1.1\r\nHost: loc"
HALF_BODY = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc"


@given(
    size=st.integers(0, LIMIT),
    chunked=st.booleans(),
    arguments=st.dictionaries(
        st.text("aZ09_", min_size=1), st.text("aé 1&", max_size=9), max_size=3
    ),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_app_sees_the_request_as_it_was_sent(
    port: int, size: int, chunked: bool, arguments: dict[str, str]
) -> None:
    body = iter([b"b" * size]) if chunked else b"b" * size
    status, found = asked(port, "POST", f"/echo?{urlencode(arguments)}", body, **{"X-Said": "ü"})
    assert (status, found["body"], found["method"]) == (200, size, "POST")
    assert (found["arguments"], found["said"], found["from"]) == (arguments, ["ü"], "127.0.0.1")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_past_the_limit_is_seen_to_be(port: int, chunked: bool) -> None:
    body = iter([b"b" * 50_000] * 4) if chunked else b"b" * 200_000
    assert asked(port, "POST", body=body)[1]["body"] == LIMIT + 1


@pytest.mark.parametrize("sent", [HALF_HEADER, HALF_BODY, STREAM], ids=["header", "body", "reader"])
def test_clients_that_stop_keep_nobody_out(sent: bytes) -> None:
    app = StreamingApp()
    with served(app) as port:
        lines = [connected(port, sent) for _ in range(20 * THREADS)]
        try:
            if sent is STREAM:
                assert_comes_true(lambda: len(app.streams) == len(lines))
            assert asked(port)[0] == 200
        finally:
            for line in lines:
                line.close()
        if sent is STREAM:
            assert_comes_true(lambda: len(app.closed) == len(lines))


@pytest.mark.parametrize("sent", [HALF_HEADER, HALF_BODY, STREAM], ids=["header", "body", "reader"])
def test_a_client_that_stops_is_let_go_in_time(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEADER_SECONDS", "BODY_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(deadlines, name, 0.2)
    app = StreamingApp()
    with served(app) as port, connected(port, sent) as line:
        if sent is STREAM:
            assert_comes_true(lambda: app.closed)
        else:
            assert line.recv(100) == b""


def test_a_trickle_of_bytes_does_not_put_the_deadline_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEADER_SECONDS", 0.3)
    with served(StreamingApp()) as port, connected(port, HALF_HEADER) as line:
        line.settimeout(0.02)
        with pytest.raises(ConnectionError):
            while True:
                line.sendall(b"a")
                try:
                    if line.recv(100) == b"":
                        raise ConnectionError
                except TimeoutError:
                    pass


def test_a_connection_is_used_again_after_its_answer(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for method in ("GET", "POST", "GET"):
        client.request(method, "/echo", b"abc" if method == "POST" else None)
        with client.getresponse() as answer:
            assert json.load(answer)["method"] == method
    client.close()


def test_more_answers_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_bridge, "_WAIT_SECONDS", 0.2)
    with served(StreamingApp(), answers=1) as port, connected(port, STREAM) as line:
        line.recv(100)
        status, found = asked(port, path="/stream")
        assert (status, found["error"]["code"]) == (503, "SERVICE_BUSY")
        assert asked(port)[0] == 200


def assert_comes_true(what: Any) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
