"""Log internal errors without values."""

from __future__ import annotations

import logging
import traceback


def log_defect(log: logging.Logger, where: str, exc: Exception) -> None:
    """Log the kind of an exception and where it came from.

    The exception's text is not logged, because it can contain bind values.
    """
    frames = "".join(traceback.format_tb(exc.__traceback__))
    log.error("%s: %s\n%s", where, type(exc).__name__, frames)
