"""An app of its own around the blueprint, for a WSGI server."""

from __future__ import annotations

from flask import Flask, Response, redirect, url_for

from tracekit.config import Settings
from tracekit.service.blueprint import trace_blueprint


def make_app(*, settings: Settings | None = None, workload: str | None = None) -> Flask:
    """A Flask app with the endpoints, and the page at `/`.

    Args:
        settings: Limits, token and where things are; default the environment.
        workload: Name of the workload that a local Oracle serves; offers its CIDs.

    Raises:
        ConfigError: no database is named.

    Example:
        gunicorn --worker-class gthread --threads 8 'tracekit.service.web:make_app()'
    """
    app = Flask("tracekit.service", static_folder=None)
    app.register_blueprint(trace_blueprint(settings=settings, workload=workload))

    @app.get("/")
    def home() -> Response:
        answer = redirect(url_for("tracekit.page"))
        assert isinstance(answer, Response)
        return answer

    return app
