"""Turns the redirect on in this process; called by the installed `tracekit_redirect.pth`.

`site` processes .pth files before the program and before any sitecustomize, in every Python that
inherits TRACEKIT_REDIRECT: children made by fork, spawn and forkserver as well.
"""

from __future__ import annotations

import functools
import os

from tracekit.programs.redirect_adbc import refuse_oracle_by_adbc
from tracekit.programs.redirect_driver import DriverRedirect
from tracekit.programs.redirect_guard import Guard
from tracekit.programs.redirect_log import RedirectLog
from tracekit.programs.redirect_target import Target


@functools.cache  # `site` processes the .pth files of a virtual environment twice
def start() -> None:
    """Redirect every python-oracledb connection of this process, until it ends.

    Raises:
        ConfigError: TRACEKIT_REDIRECT names no usable target.
        RedirectError: the log of the redirect is gone.
    """
    target = Target.from_environment(os.environ)
    log = RedirectLog(target.log)
    log.started()
    guard = Guard(target, log)
    guard.start()
    refuse_oracle_by_adbc(log)
    DriverRedirect(target, log, guard).start()
