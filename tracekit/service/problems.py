"""Errors as `{error: {code, message, ...}}`, with a stable status and code."""

from __future__ import annotations

import logging

from flask import Response
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from tracekit.errors import (
    AdmissionError,
    ConfigError,
    ConnectError,
    FetchError,
    JobError,
    JobNotComplete,
    JobNotFound,
    ResultIncomplete,
    TracekitError,
)
from tracekit.jobs import STORE_FULL
from tracekit.service.answers import json_answer

_log = logging.getLogger("tracekit.service")

_STATUS_AND_CODE: dict[type[Exception], tuple[int, str]] = {
    AdmissionError: (413, "CID_LIMIT_EXCEEDED"),
    JobNotFound: (404, "JOB_NOT_FOUND"),
    JobNotComplete: (409, "JOB_NOT_COMPLETE"),
    ResultIncomplete: (502, "RESULT_INCOMPLETE"),
    JobError: (400, "INVALID_REQUEST"),
    ConfigError: (400, "INVALID_REQUEST"),
    ConnectError: (502, "DATABASE_UNAVAILABLE"),
    FetchError: (502, "FETCH_FAILED"),
}
_HTTP_CODES = {
    400: "INVALID_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


class Problem(TracekitError):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        code: Identifies the error for programs.
        message: Text for people, without secrets.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


def answer_problem(error: Exception) -> Response:
    """The answer for `error`."""
    if isinstance(error, Problem):
        return _answer(error.status, error.code, error.message)
    if isinstance(error, HTTPException):
        return _http_answer(error)
    if isinstance(error, OutOfMemoryError):
        return _answer(507, "STORE_FULL", STORE_FULL)
    if isinstance(error, ResponseError):
        # The first word is Redis's code, such as WRONGTYPE; the rest can quote what was sent.
        said = f"the store refused a command ({str(error).partition(' ')[0][:40]})."
        return _answer(502, "STORE_REFUSED", said)
    if isinstance(error, RedisError):
        return _answer(503, "STORE_UNAVAILABLE", "the store of jobs and results does not answer.")
    if isinstance(error, AdmissionError):
        extra = {"cid_count": error.key_count, "limit": error.limit}
        return _answer(413, "CID_LIMIT_EXCEEDED", str(error), **extra)
    if isinstance(error, JobNotComplete):
        body = {"code": "JOB_NOT_COMPLETE", "message": str(error)}
        if error.reason is not None:
            body["reason"] = error.reason
        return json_answer({"error": body, "status": error.status}, 409)
    for kind in type(error).__mro__:
        if kind in _STATUS_AND_CODE:
            return _answer(*_STATUS_AND_CODE[kind], str(error))
    return _answer(500, "INTERNAL_ERROR", internal_message(error))


def internal_message(error: Exception) -> str:
    """The message for an unexpected error, which is logged only by its type."""
    if isinstance(error, TracekitError):
        return str(error)
    # Messages and tracebacks of other libraries can quote values.
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    where = _place(error)
    _log.error("request failed: %s at %s", kind, where)
    return f"the request failed with {kind}; see the service's log."


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _http_answer(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(error.get_body(), status, error.get_headers())
    code = _HTTP_CODES.get(status, "INVALID_REQUEST" if status < 500 else "INTERNAL_ERROR")
    message = f"more requests than {error.description}" if status == 429 else error.description
    answer = _answer(status, code, message or error.name)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    if status == 429:
        answer.headers["Retry-After"] = "60"
    return answer


def _answer(status: int, code: str, message: str, **extra: object) -> Response:
    answer = json_answer({"error": {"code": code, "message": message, **extra}}, status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="tracekit"'
    return answer
