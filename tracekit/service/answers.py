"""Answers as JSON and as lines of JSON, compressed if the client accepts it."""

from __future__ import annotations

import zlib
from collections.abc import Generator

from flask import Response, request

from tracekit.jsonvalue import encode
from tracekit.ndjson import MEDIA_TYPE

_GZIP_WBITS = 31
_LEVEL = 1
_SMALL_BYTES = 1024
_PIECE_BYTES = 64 * 1024


def json_answer(value: object, status: int = 200) -> Response:
    """`value` as one JSON document."""
    return json_bytes_answer([encode(value)], status)


def json_bytes_answer(pieces: list[bytes], status: int = 200) -> Response:
    """A JSON document made from pieces of JSON."""
    if sum(map(len, pieces)) > _SMALL_BYTES and _gzip_wanted():
        packer = zlib.compressobj(_LEVEL, wbits=_GZIP_WBITS)
        pieces = [*map(packer.compress, pieces), packer.flush()]
        return _answer(pieces, status, "application/json", {"Content-Encoding": "gzip"})
    return _answer(pieces, status, "application/json", {})


def json_pieces_answer(pieces: Generator[bytes, None, None]) -> Response:
    """A JSON document of any size; each piece is sent before the next one is made."""
    return _streamed(pieces, "application/json")


def lines_answer(lines: Generator[bytes, None, None]) -> Response:
    """A stream of NDJSON lines; each is sent before the next one is made."""
    return _streamed(lines, MEDIA_TYPE)


def _streamed(pieces: Generator[bytes, None, None], media_type: str) -> Response:
    if _gzip_wanted():
        return _answer(_compressed(pieces), 200, media_type, {"Content-Encoding": "gzip"})
    return _answer(_pieces(pieces), 200, media_type, {})


def _answer(
    body: list[bytes] | Generator[bytes, None, None],
    status: int,
    media_type: str,
    headers: dict[str, str],
) -> Response:
    answer = Response(body, status, headers, content_type=media_type)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy that buffers would hide the progress
    return answer


def _gzip_wanted() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _pieces(lines: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    # The server copies its input: a line of some megabytes must not be in memory twice.
    try:
        for line in lines:
            for start in range(0, len(line), _PIECE_BYTES):
                yield line[start : start + _PIECE_BYTES]
            del line
    finally:
        lines.close()


def _compressed(lines: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP_WBITS)
    try:
        for line in lines:
            packed = packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH)
            del line
            yield packed
        yield packer.flush()
    finally:
        lines.close()
