"""The trace service over HTTP: a Flask blueprint for any app, a complete app, and the page.

    app.register_blueprint(trace_blueprint())

mounts the endpoints under `/api/trace`; `tracekit serve` runs everything on one machine.
"""

from tracekit.extras import extra

with extra("service"):
    from tracekit.service.blueprint import trace_blueprint
    from tracekit.service.web import make_app

__all__ = ["make_app", "trace_blueprint"]
