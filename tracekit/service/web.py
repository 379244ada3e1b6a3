"""A complete app around the blueprint."""

from __future__ import annotations

from flask import Flask, Response, redirect, url_for
from werkzeug.exceptions import HTTPException

from tracekit.config import Settings
from tracekit.service.blueprint import trace_blueprint
from tracekit.service.problems import answer_problem


def make_app(*, settings: Settings | None = None, workload: str | None = None) -> Flask:
    """A Flask app with the endpoints, and the page at `/`.

    Args:
        settings: Limits, token and locations; by default read from the environment.
        workload: Name of the workload that a local Oracle serves, to offer its CIDs.

    Raises:
        ConfigError: no database is named.

    `python -m tracekit.service` serves it. Any other WSGI server can, too, but if it holds a thread
    while a client reads, as many slow clients as it has threads can block it.
    """
    app = Flask("tracekit.service", static_folder=None)
    app.register_blueprint(trace_blueprint(settings=settings, workload=workload))

    app.register_error_handler(HTTPException, answer_problem)

    @app.get("/")
    def home() -> Response:
        answer = redirect(url_for("tracekit.page"))
        assert isinstance(answer, Response)
        return answer

    return app
