"""Optional dependencies: what an extra brings, or the error that names the extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from tracekit.errors import MissingExtra

_PACKAGES = {"service": ("flask", "flask_limiter", "redis", "rq", "uvicorn")}


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import in this block what the extra `name` brings.

    Raises:
        MissingExtra: one of its packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        package = (exc.name or "").partition(".")[0]
        if package in ("", "tracekit"):
            raise
        raise MissingExtra(name, [package]) from exc


def require(name: str) -> None:
    """Look for what the extra `name` brings without importing it.

    Raises:
        MissingExtra: packages of it are not installed.
    """
    absent = [package for package in _PACKAGES[name] if find_spec(package) is None]
    if absent:
        raise MissingExtra(name, absent)
