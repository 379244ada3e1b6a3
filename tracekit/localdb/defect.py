"""Logging what should not have happened, without values."""

from __future__ import annotations

import logging
import traceback


def log_defect(log: logging.Logger, where: str, exc: Exception) -> None:
    """Log what kind of exception it was and where it came from.

    The exception's text stays out of the log, since it may hold bind values.
    """
    frames = "".join(traceback.format_tb(exc.__traceback__))
    log.error("%s: %s\n%s", where, type(exc).__name__, frames)
