"""Optional dependencies: import the packages of an extra, or raise an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from tracekit.errors import MissingExtra

_PACKAGES = {"service": ("flask", "flask_limiter", "redis", "rq", "uvicorn")}


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a failed import of the extra `name`'s packages in this block into a MissingExtra.

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
    """Check that the packages of the extra `name` are installed, without importing them.

    Raises:
        MissingExtra: some of them are not.
    """
    absent = [package for package in _PACKAGES[name] if find_spec(package) is None]
    if absent:
        raise MissingExtra(name, absent)
