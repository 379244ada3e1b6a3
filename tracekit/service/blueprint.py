"""The blueprint: every endpoint of the trace service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from flask import Blueprint, Flask, Response, request, send_from_directory, url_for
from flask.blueprints import BlueprintSetupState
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from tracekit.config import Settings
from tracekit.jobs import JobState, JobStatus, TraceJobs
from tracekit.oracle import Database
from tracekit.service.answers import (
    json_answer,
    json_bytes_answer,
    json_pieces_answer,
    lines_answer,
)
from tracekit.service.events_request import parse_events_request
from tracekit.service.guard import check_caller
from tracekit.service.problems import Problem, answer_problem
from tracekit.service.trace_service import TraceService

_STATIC = Path(__file__).parent / "static"
_PAGE_LIMIT = 10_000
"""Maximum number of records of one page."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"}
_PAGE_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

View = Callable[..., Response]


def trace_blueprint(
    *,
    settings: Settings | None = None,
    database: Database | None = None,
    jobs: TraceJobs | None = None,
    workload: str | None = None,
    allow_remote: bool = False,
) -> Blueprint:
    """The endpoints under `/api/trace`, for `app.register_blueprint()`.

    Args:
        settings: Limits, token and locations; by default read from the environment.
        database: The database to read; default the one that the settings name.
        jobs: The queue; default the one of REDIS_URL, none if that is not set.
        workload: Name of the workload that a local Oracle serves, to offer its CIDs.
        allow_remote: Without a token, also answer other machines, for an app with its own login
            in front of these endpoints.

    Raises:
        ConfigError: no database is named.
    """
    service = TraceService(settings or Settings.from_env(), database, jobs, workload)
    blueprint = Blueprint("tracekit", __name__, url_prefix="/api/trace")
    limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)
    submissions = f"{service.settings.service.submissions_per_minute} per minute"

    def start(state: BlueprintSetupState) -> None:
        assert isinstance(state.app, Flask)
        limiter.init_app(state.app)

    def check() -> None:
        if request.endpoint not in {"tracekit.page", "tracekit.asset"}:
            check_caller(service.settings.service.token, allow_remote=allow_remote)
        # One byte more, because a chunked body is cut at the limit, not refused.
        request.max_content_length = service.settings.service.max_request_bytes + 1

    blueprint.record_once(start)
    blueprint.before_request(check)
    blueprint.register_error_handler(Exception, answer_problem)
    routes: list[tuple[str, str, View, str]] = [
        ("/events", "events", limiter.limit(submissions)(_events(service)), "POST"),
        ("/job/<job_id>", "status", _status(service), "GET"),
        ("/job/<job_id>", "cancel", _cancel(service), "DELETE"),
        ("/job/<job_id>/result", "result", _result(service), "GET"),
        ("/job/<job_id>/stream", "stream", _stream(service), "GET"),
        ("/workload/ids", "workload_ids", _workload_ids(service), "GET"),
        ("/about", "about", lambda: json_answer(service.about()), "GET"),
        ("/page", "page", lambda: _static_file("index.html"), "GET"),
        ("/static/<path:name>", "asset", _static_file, "GET"),
    ]
    for rule, endpoint, view, method in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=[method])
    _refuse_the_rest(blueprint, routes)
    return blueprint


def _refuse_the_rest(blueprint: Blueprint, routes: list[tuple[str, str, View, str]]) -> None:
    # Flask answers wrong methods and unknown paths outside the blueprint, as HTML.
    allowed: dict[str, set[str]] = {}
    for rule, _, _, method in routes:
        allowed.setdefault(rule, set()).update({method, "HEAD"} if method == "GET" else {method})
    allowed["/"] = allowed["/<path:unknown>"] = set()
    for number, (rule, methods) in enumerate(allowed.items()):
        view = _wrong_method(sorted(methods)) if methods else _unknown_path
        blueprint.add_url_rule(rule, f"refused_{number}", view, methods=_METHODS - methods)


def _wrong_method(methods: list[str]) -> View:
    def refuse(**_: str) -> NoReturn:
        raise MethodNotAllowed(methods, f"this path answers {' and '.join(methods)} only.")

    return refuse


def _unknown_path(**_: str) -> NoReturn:
    raise NotFound("unknown path; /api/trace/about lists what can be requested.")


def _events(service: TraceService) -> Callable[[], Response]:
    def events() -> Response:
        if request.mimetype != "application/json":
            # A form on another site can send anything but this.
            raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "send the request as application/json.")
        body = request.get_data(cache=False)
        if len(body) > service.settings.service.max_request_bytes:
            raise RequestEntityTooLarge
        wanted = parse_events_request(body)
        job_id = service.submit_if_large(wanted)
        if job_id is None:
            return json_bytes_answer(service.fetch(wanted))
        accepted = {"stage": "events", "async": True, "job_id": job_id, **_urls(job_id)}
        return json_answer(accepted, 202)

    return events


def _status(service: TraceService) -> Callable[[str], Response]:
    def status(job_id: str) -> Response:
        found = service.jobs.status(job_id)
        body = _status_document(found)
        if found.state is JobState.QUEUED:
            body["workers_listening"] = service.jobs.worker_count()
        return json_answer(body)

    return status


def _cancel(service: TraceService) -> Callable[[str], Response]:
    def cancel(job_id: str) -> Response:
        return json_answer(_status_document(service.jobs.cancel(job_id)))

    return cancel


def _result(service: TraceService) -> Callable[[str], Response]:
    def result(job_id: str) -> Response:
        domain = request.args.get("domain")
        offset = _count("offset", 0)
        if not domain:
            limit = _count("limit", 0) if "limit" in request.args else None
            return json_pieces_answer(service.jobs.document(job_id, offset, limit))
        limit = _count("limit", 1000)
        if not 1 <= limit <= _PAGE_LIMIT:
            raise Problem(400, "INVALID_REQUEST", f"limit must be 1 to {_PAGE_LIMIT}")
        page = service.jobs.page(job_id, domain, offset, limit)
        return json_answer(vars(page))

    return result


def _stream(service: TraceService) -> Callable[[str], Response]:
    def stream(job_id: str) -> Response:
        return lines_answer(service.jobs.stream(job_id, request.args.get("after")))

    return stream


def _workload_ids(service: TraceService) -> Callable[[], Response]:
    def workload_ids() -> Response:
        return json_answer(service.workload_ids(_count("limit", 1000)))

    return workload_ids


def _status_document(status: JobStatus) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(status)
    failure = body.pop("failure")
    share = status.cids_done / status.cids if status.cids else 1.0
    body |= {
        "status": body.pop("state"),
        "cid_count": status.cids,  # as clients of the legacy system read it
        "progress": 1.0 if status.state is JobState.FINISHED else share,
        "warnings": [{"code": code, "message": said} for code, said in status.warnings],
        **_urls(status.job_id),
    }
    if failure is not None:
        body["error"] = failure
    return body


def _urls(job_id: str) -> dict[str, str]:
    # Paths, because behind a proxy this process does not know the host that clients use.
    return {
        "status_url": url_for("tracekit.status", job_id=job_id),
        "stream_url": url_for("tracekit.stream", job_id=job_id),
        "result_url": url_for("tracekit.result", job_id=job_id),
    }


def _count(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Problem(400, "INVALID_REQUEST", f"{name} must be a whole number")
    return int(text)


def _static_file(name: str) -> Response:
    answer = send_from_directory(_STATIC, name)
    answer.headers["Content-Security-Policy"] = _PAGE_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-cache"
    return answer
