"""A WSGI app served by an asyncio server that takes a thread only while the app computes.

Other bridges use a thread for as long as a client reads. Here, the app produces the next piece of
the body when the client has taken the previous one, so slow or stopped clients use no thread.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from wsgiref.types import WSGIApplication

from tracekit.jsonvalue import encode

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_WAIT_SECONDS = 30.0
_MEMORY_BYTES = 64 * 1024
"""The size of a request's body in memory; the rest is on disk, because clients can be slow."""
_BUSY = (
    "the service is busy with such requests. Try again in a few seconds, or raise --answers or "
    "--threads of its web process."
)


class Lane:
    """Requests of one kind, with limits for computing and for answering.

    Args:
        threads: The maximum number of requests that compute concurrently.
        answers: The maximum number of requests in progress, until the client has read the answer.
    """

    def __init__(self, threads: int, answers: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="tracekit-web")
        self.room = asyncio.Semaphore(answers)


@dataclass(frozen=True)
class Head:
    """The status and headers that the app returned."""

    status: int
    headers: list[tuple[bytes, bytes]]


class WsgiBridge:
    """An ASGI app around a WSGI app.

    Args:
        app: The WSGI app.
        lane: Chooses the lane of a request by its ASGI scope, when it comes.
        max_body_bytes: Maximum size of a request's body; if it is larger, the app sees one byte
            more than that and refuses it.
    """

    def __init__(
        self, app: WSGIApplication, lane: Callable[[Message], Lane], max_body_bytes: int
    ) -> None:
        self._app = app
        self._lane = lane
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        with SpooledTemporaryFile(_MEMORY_BYTES) as body:
            if not await self._receive_body(receive, body):
                return  # the client has disconnected
            lane = self._lane(scope)
            try:
                await asyncio.wait_for(lane.room.acquire(), _WAIT_SECONDS)
            except TimeoutError:
                await _refuse(send)
                return
            try:
                await self._answer(lane.pool, _environ(scope, body), receive, send)
            finally:
                lane.room.release()

    async def _receive_body(self, receive: Receive, body: IO[bytes]) -> bool:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            # Read all of it, so that a client that is still sending sees why it is refused.
            room = self._max_body_bytes + 1 - body.tell()
            body.write(message.get("body", b"")[: max(0, room)])
            if not message.get("more_body", False):
                return True

    async def _answer(
        self, pool: ThreadPoolExecutor, environ: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        loop = asyncio.get_running_loop()
        head, pieces = await loop.run_in_executor(pool, self._start, environ)
        gone = asyncio.ensure_future(receive())  # only a disconnection can come now
        try:
            await send(
                {"type": "http.response.start", "status": head.status, "headers": head.headers}
            )
            iterator = iter(pieces)
            while not gone.done():
                piece = await loop.run_in_executor(pool, next, iterator, None)
                if piece is None:
                    await send({"type": "http.response.body", "body": b""})
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.cancel()
            if (close := getattr(pieces, "close", None)) is not None:
                await asyncio.shield(loop.run_in_executor(pool, close))

    def _start(self, environ: dict[str, Any]) -> tuple[Head, Iterable[bytes]]:
        said: list[Head] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], object]:
            encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            said[:] = [Head(int(status.split(" ", 1)[0]), encoded)]
            return _no_write

        pieces = self._app(environ, start_response)
        return said[0], pieces  # Flask calls it before it returns


async def _refuse(send: Send) -> None:
    body = encode({"error": {"code": "SERVICE_BUSY", "message": _BUSY}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"retry-after", b"30"),
    ]
    status = HTTPStatus.SERVICE_UNAVAILABLE.value
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _no_write(data: bytes) -> None:
    raise NotImplementedError("the write() of WSGI")


def _environ(scope: Message, body: IO[bytes]) -> dict[str, Any]:
    size_bytes = body.tell()
    body.seek(0)
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "CONTENT_LENGTH": str(size_bytes),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value.decode("latin-1")
        elif key not in {"CONTENT_LENGTH", "TRANSFER_ENCODING"}:  # the body is complete by now
            key = f"HTTP_{key}"
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
