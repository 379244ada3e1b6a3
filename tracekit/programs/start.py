"""Runs when a Python of a watched program starts; called by `tracekit_programs.pth`.

`site` processes .pth files before the program and before any sitecustomize, in every Python that
inherits our variables, including children made by fork, spawn and forkserver. Without a variable
the file does nothing.
"""

from __future__ import annotations

import functools
import os

_REDIRECT, _WATCH = "TRACEKIT_REDIRECT", "TRACEKIT_WATCH"


@functools.cache  # `site` processes the .pth files of a virtual environment twice
def start() -> None:
    """Watch and redirect this process until it ends, as its environment says.

    Raises:
        ConfigError: TRACEKIT_REDIRECT names no usable target.
        RedirectError: the log of the redirect is gone.
    """
    if _REDIRECT in os.environ:
        redirect_connections()
    if _WATCH in os.environ:
        from tracekit.programs.script_watch import ScriptWatch

        ScriptWatch(os.environ[_WATCH]).start()


def redirect_connections() -> None:
    """Redirect every python-oracledb connection of this process."""
    from tracekit.programs.redirect_adbc import refuse_oracle_by_adbc
    from tracekit.programs.redirect_driver import DriverRedirect
    from tracekit.programs.redirect_guard import Guard
    from tracekit.programs.redirect_log import RedirectLog
    from tracekit.programs.redirect_target import Target

    target = Target.from_environment(os.environ)
    log = RedirectLog(target.log)
    log.started()
    guard = Guard(target, log)
    guard.start()
    refuse_oracle_by_adbc(log)
    DriverRedirect(target, log, guard).start()
